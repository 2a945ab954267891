//! Words to definitions and directives.
//!
//! Each construct has its own file beside this one: [`expansion`](super::expansion) what a
//! definition says, [`attributes`](super::attributes) the brackets behind a name,
//! [`directive`](super::directive) what begins with `%`, [`parameters`](super::parameters) what
//! stands behind `::` and `%if`.
//!
//! ```text
//! source     = { (definition | directive) new-line }
//! definition = ["!"] ["?"] name ["::" "_"] ["[" attributes "]"] ":" choice
//! ```
//!
//! Recursion is as deep as groups, complements, conditions and inner grammars are nested, which
//! [`Limits::nesting`](crate::grammar::Limits::nesting) bounds.

use super::lexer::{self, Kind, Token};
use super::syntax::{Attributes, Definition, Name, Source};
use crate::grammar::GrammarError;
use crate::grammar::draft::Draft;

/// Reads a whole source.
pub(super) fn parse(source: &str, draft: &Draft) -> Result<Source, GrammarError> {
    let tokens = lexer::tokens(source, draft)?;
    let mut parser = Parser { tokens, at: 0, groups: 0, depth: 0, draft };
    let source = parser.source()?;
    match parser.peek() {
        Kind::End => Ok(source),
        _ => Err(parser.expected("a rule, a terminal or a directive")),
    }
}

/// The words of a source, read up to one.
#[derive(Debug)]
pub(super) struct Parser<'s, 'd> {
    /// The last is the end, which is never passed.
    tokens: Vec<Token<'s>>,
    at: usize,
    /// How many groups are open in the grammar at hand: within, a new line ends nothing.
    groups: usize,
    /// How deep what is being read is nested, in all grammars around.
    depth: usize,
    /// Knows the limits, and the places for messages.
    pub(super) draft: &'d Draft<'d>,
}

impl<'s> Parser<'s, '_> {
    /// Definitions and directives up to what is none.
    pub(super) fn source(&mut self) -> Result<Source, GrammarError> {
        let outer = std::mem::take(&mut self.groups);
        let mut source = Source { offset: self.offset(), ..Source::default() };
        loop {
            while self.take_newline() {}
            match self.peek() {
                Kind::Name(_) | Kind::Sign("?" | "!") => {
                    let definition = self.definition()?;
                    source.definitions.push(definition);
                }
                Kind::Directive(_) | Kind::Json(..) | Kind::Schema(_) => {
                    self.directive(&mut source)?
                }
                _ => break,
            }
            if !matches!(self.peek(), Kind::Newline | Kind::End | Kind::Sign("}")) {
                return Err(self.expected("| or a new line"));
            }
        }
        self.groups = outer;
        Ok(source)
    }

    /// A rule or a terminal up to its last alternative. What Lark has here and this dialect has not
    /// is refused by its name.
    fn definition(&mut self) -> Result<Definition, GrammarError> {
        // Both shape Lark's trees, which there are none of.
        let is_rule = self.take_sign("!") | self.take_sign("?") | self.take_sign("!");
        let name = self.name("a rule's name")?;
        if is_rule && name.is_terminal() {
            let what = format!("? and ! stand before rules, and {:?} is a terminal", name.text);
            return Err(self.draft.syntax(name.offset, what));
        }
        let has_parameter = self.take_sign("::");
        if has_parameter {
            self.parameter_of(&name)?;
        }
        let offset = self.offset();
        let attributes = match self.peek() {
            Kind::Sign("{") => {
                return Err(self.draft.unsupported(
                    offset,
                    "templates are not supported: write the rule out for each use",
                ));
            }
            Kind::Sign(".") => {
                return Err(self.draft.unsupported(
                    offset,
                    "priorities are not supported: all ways to read a text are followed at once",
                ));
            }
            Kind::Sign("[") if name.is_terminal() => {
                let what = "terminals have no attributes: put them on a rule around the terminal";
                return Err(self.draft.unsupported(offset, what));
            }
            Kind::Sign("[") => self.attributes()?,
            _ => Attributes::default(),
        };
        if !self.take_sign(":") {
            return Err(self.expected(&format!("a : behind the name {:?}", name.text)));
        }
        if *self.peek() == Kind::Newline && !self.begins_item(self.at + 1) {
            self.take_newline();
        }
        let body = self.choice()?;
        Ok(Definition { name, has_parameter, attributes, body })
    }

    /// Whether the word there begins a definition or a directive, or ends the grammar; if not, what
    /// was begun on the line above goes on.
    fn begins_item(&self, at: usize) -> bool {
        let kind = |at: usize| self.tokens.get(at).map_or(&Kind::End, |token| &token.kind);
        match kind(at) {
            Kind::Name(_) => matches!(kind(at + 1), Kind::Sign(":" | "::" | "[" | "{" | ".")),
            Kind::Directive(name) => !matches!(*name, "%lark" | "%if"),
            Kind::Json(name, _) => *name != "%regex",
            Kind::Sign("?" | "!" | "}" | "|") | Kind::End => true,
            _ => false,
        }
    }

    /// `_`, the only parameter a definition can have.
    fn parameter_of(&mut self, name: &Name) -> Result<(), GrammarError> {
        if name.is_terminal() {
            let what = format!("terminals have no parameters, and {:?} is one", name.text);
            return Err(self.draft.syntax(name.offset, what));
        }
        match self.take_sign("_") {
            true => Ok(()),
            false => Err(self.expected(&format!("_ behind :: to define {:?}", name.text))),
        }
    }

    /// A name, which messages call `what` where there is none.
    pub(super) fn name(&mut self, what: &str) -> Result<Name, GrammarError> {
        let offset = self.offset();
        let &Kind::Name(text) = self.peek() else { return Err(self.expected(what)) };
        self.at += 1;
        Ok(Name { text: text.to_owned(), offset })
    }

    /// Takes a directive, if one stands here.
    pub(super) fn directive_name(&mut self) -> Option<&'s str> {
        let &Kind::Directive(name) = self.peek() else { return None };
        self.at += 1;
        Some(name)
    }

    /// Takes a number, if one stands here.
    pub(super) fn number(&mut self) -> Option<&'s str> {
        let &Kind::Number(number) = self.peek() else { return None };
        self.at += 1;
        Some(number)
    }

    /// Takes this sign, if it stands here, and says whether it did.
    pub(super) fn take_sign(&mut self, sign: &str) -> bool {
        let is_there = matches!(self.peek(), Kind::Sign(found) if *found == sign);
        self.at += usize::from(is_there);
        is_there
    }

    /// Takes a new line, if one stands here, and says whether it did.
    pub(super) fn take_newline(&mut self) -> bool {
        let is_there = self.tokens[self.at].kind == Kind::Newline;
        self.at += usize::from(is_there);
        is_there
    }

    /// Takes what stands here; an end is left in its stead.
    pub(super) fn take(&mut self) -> Kind<'s> {
        self.peek();
        let end = self.tokens.len() - 1;
        let kind = std::mem::replace(&mut self.tokens[self.at].kind, Kind::End);
        self.at = (self.at + 1).min(end);
        kind
    }

    /// What stands here; within groups, behind new lines.
    pub(super) fn peek(&mut self) -> &Kind<'s> {
        if self.groups > 0 {
            while self.take_newline() {}
        }
        &self.tokens[self.at].kind
    }

    /// What stands behind what stands here.
    pub(super) fn peek_second(&mut self) -> &Kind<'s> {
        self.peek();
        let second = (self.at + 1).min(self.tokens.len() - 1);
        &self.tokens[second].kind
    }

    /// Where what stands here begins.
    pub(super) fn offset(&mut self) -> usize {
        self.peek();
        self.tokens[self.at].offset
    }

    /// Reads something one level deeper.
    pub(super) fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, GrammarError>,
    ) -> Result<T, GrammarError> {
        self.depth += 1;
        let offset = self.offset();
        self.draft.check_depth(self.depth, offset)?;
        let result = read(self)?;
        self.depth -= 1;
        Ok(result)
    }

    /// Reads a group, within which new lines end nothing.
    pub(super) fn group<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, GrammarError>,
    ) -> Result<T, GrammarError> {
        self.groups += 1;
        let result = self.deeper(read)?;
        self.groups -= 1;
        Ok(result)
    }

    /// The error that something else should stand here.
    pub(super) fn expected(&mut self, what: &str) -> GrammarError {
        let offset = self.offset();
        let found = match self.peek() {
            Kind::Name(name) | Kind::Number(name) | Kind::Special(name) => shown(name),
            Kind::Reference(name) | Kind::Directive(name) | Kind::Json(name, _) => shown(name),
            Kind::Schema(_) => shown("%json"),
            Kind::Sign(sign) => (*sign).to_owned(),
            Kind::Text(..) => "a string".to_owned(),
            Kind::Pattern { .. } => "a regular expression".to_owned(),
            Kind::Newline => "a new line".to_owned(),
            Kind::End => "the end".to_owned(),
        };
        self.draft.syntax(offset, format!("expected {what}, found {found}"))
    }
}

/// As much of a name as a message needs.
pub(super) fn shown(name: &str) -> String {
    const LONGEST: usize = 40;
    match name.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}
