//! What a macro is called with.
//!
//! `Name(value, …, name=value, …)`, where a value is a string, a number, `true` or `false`, the name
//! of a rule, or a tuple of values in parentheses. A comma may stand behind the last.

use super::parser::Parser;
use super::scan::Text;
use crate::grammar::GrammarError;

/// The arguments of one call.
#[derive(Debug)]
pub(super) struct Arguments<'s> {
    /// What the macro is called.
    pub(super) of: &'s str,
    /// The byte at which its name stands.
    pub(super) offset: usize,
    pub(super) positional: Vec<Value<'s>>,
    named: Vec<(&'s str, Value<'s>)>,
}

/// One argument, with the byte at which it stands.
#[derive(Debug)]
pub(super) struct Value<'s> {
    pub(super) kind: ValueKind<'s>,
    pub(super) offset: usize,
}

/// What an argument is.
#[derive(Debug)]
pub(super) enum ValueKind<'s> {
    Text(Text),
    Number(u32),
    Flag(bool),
    Name(&'s str),
    Tuple(Vec<Value<'s>>),
}

impl<'s> Arguments<'s> {
    /// Takes the argument called `name`, if it is given.
    pub(super) fn take(&mut self, name: &str) -> Option<Value<'s>> {
        let index = self.named.iter().position(|(other, _)| *other == name)?;
        Some(self.named.swap_remove(index).1)
    }

    /// Refuses the named arguments that were not taken.
    pub(super) fn check_taken(&self, parser: &Parser<'s, '_>) -> Result<(), GrammarError> {
        let Some((name, value)) = self.named.first() else {
            return Ok(());
        };
        let what = format!("{} has no argument {name}", self.of);
        Err(parser.wrong(value.offset, what))
    }
}

/// Each conversion refuses what is of another kind, at its place.
impl<'s> Value<'s> {
    /// The argument as a text, or what was found in its place.
    pub(super) fn into_text(self, parser: &Parser<'s, '_>) -> Result<Text, GrammarError> {
        match self.kind {
            ValueKind::Text(text) => Ok(text),
            _ => Err(parser.wrong(self.offset, "this argument is no string: write \"…\"")),
        }
    }

    /// The argument as true or false.
    pub(super) fn into_flag(self, parser: &Parser<'s, '_>) -> Result<bool, GrammarError> {
        match self.kind {
            ValueKind::Flag(flag) => Ok(flag),
            _ => Err(parser.wrong(self.offset, "this argument is no flag: write true or false")),
        }
    }

    /// The argument as a count.
    pub(super) fn into_number(self, parser: &Parser<'s, '_>) -> Result<u32, GrammarError> {
        match self.kind {
            ValueKind::Number(number) => Ok(number),
            _ => Err(parser.wrong(self.offset, "this argument is no token id: write digits")),
        }
    }

    /// The argument as the name of a rule.
    pub(super) fn into_name(self, parser: &Parser<'s, '_>) -> Result<&'s str, GrammarError> {
        match self.kind {
            ValueKind::Name(name) => Ok(name),
            _ => Err(parser.wrong(self.offset, "this argument is no rule: write its name")),
        }
    }

    /// The argument as a list of others.
    pub(super) fn into_tuple(self, parser: &Parser<'s, '_>) -> Result<Vec<Self>, GrammarError> {
        match self.kind {
            ValueKind::Tuple(values) => Ok(values),
            _ => Err(parser.wrong(self.offset, "this argument is no tuple: write (…, …)")),
        }
    }
}

impl<'s> Parser<'s, '_> {
    /// Reads from behind the name of the macro `of`, at `offset`, to its `)`.
    pub(super) fn arguments(
        &mut self,
        of: &'s str,
        offset: usize,
    ) -> Result<Arguments<'s>, GrammarError> {
        let mut arguments = Arguments { of, offset, positional: Vec::new(), named: Vec::new() };
        self.scan.skip_space();
        self.scan.at += 1;
        self.scan.skip_space();
        while !self.scan.eat(")") {
            let start = self.scan.at;
            let value = self.value()?;
            self.scan.skip_space();
            match value.kind {
                ValueKind::Name(name) if self.scan.eat("=") => {
                    if arguments.take(name).is_some() {
                        return Err(self.wrong(start, format!("argument {name} is given twice")));
                    }
                    let value = self.value()?;
                    arguments.named.push((name, value));
                }
                _ => arguments.positional.push(value),
            }
            self.separator(offset)?;
        }
        Ok(arguments)
    }

    /// One argument, or element of a tuple.
    fn value(&mut self) -> Result<Value<'s>, GrammarError> {
        self.scan.skip_space();
        let offset = self.scan.at;
        let kind = match self.scan.peek() {
            Some('"') => ValueKind::Text(self.scan.text(self.draft)?),
            Some('(') => ValueKind::Tuple(self.tuple(offset)?),
            Some(char) if char.is_ascii_digit() => ValueKind::Number(self.scan.number(self.draft)?),
            _ => match self.scan.name() {
                Some("true") => ValueKind::Flag(true),
                Some("false") => ValueKind::Flag(false),
                Some(name) => ValueKind::Name(name),
                None => {
                    let what = "an argument is a string, number, flag, rule or tuple";
                    return Err(self.wrong(offset, what));
                }
            },
        };
        Ok(Value { kind, offset })
    }

    /// The values of a tuple from its `(` to its `)`.
    fn tuple(&mut self, offset: usize) -> Result<Vec<Value<'s>>, GrammarError> {
        self.depth += 1;
        self.draft.check_depth(self.depth, offset)?;
        self.scan.at += 1;
        self.scan.skip_space();
        let mut values = Vec::new();
        while !self.scan.eat(")") {
            values.push(self.value()?);
            self.separator(offset)?;
        }
        self.depth -= 1;
        Ok(values)
    }

    /// Steps over a comma, or up to the `)` that closes what was opened at `offset`.
    fn separator(&mut self, offset: usize) -> Result<(), GrammarError> {
        self.scan.skip_space();
        let is_more = self.scan.eat(",");
        self.scan.skip_space();
        match is_more || self.scan.peek() == Some(')') {
            true => Ok(()),
            false => Err(self.wrong(offset, "these arguments are not closed: write ) behind them")),
        }
    }
}
