//! The macros of XGrammar: `Regex`, `Substring`, `Token`, `ExcludeToken`, and by way of
//! [`dispatch`](super::dispatch) `TagDispatch` and `TokenTagDispatch`.

use super::arguments::{Arguments, ValueKind};
use super::parser::Parser;
use crate::grammar::GrammarError;
use crate::grammar::rules::{Body, TokenPattern};
use crate::regex::{self, Count, ExprId, Syntax};
use crate::vocab::TokenId;

impl<'s> Parser<'s, '_> {
    /// The macro that is called, if `name` is one and `(` follows.
    pub(super) fn macro_call(
        &mut self,
        name: &'s str,
        offset: usize,
    ) -> Result<Option<Body>, GrammarError> {
        let expand = match name {
            "Regex" => Self::regex,
            "Substring" => Self::substring,
            "Token" => Self::tokens,
            "ExcludeToken" => Self::other_tokens,
            "TagDispatch" => Self::tag_dispatch,
            "TokenTagDispatch" => Self::token_tag_dispatch,
            _ => return Ok(None),
        };
        let mut ahead = self.scan;
        ahead.skip_space();
        if ahead.peek() != Some('(') {
            return Ok(None);
        }
        // They match the empty text, or texts with no end in sight: what follows always begins so.
        if self.is_ahead && !matches!(name, "Regex" | "Token" | "ExcludeToken") {
            let what = format!("{name} cannot stand in a look-ahead: write what may follow");
            return Err(self.wrong(offset, what));
        }
        let mut arguments = self.arguments(name, offset)?;
        let body = expand(self, &mut arguments)?;
        arguments.check_taken(self)?;
        Ok(Some(body))
    }

    /// `Regex("pattern", flags="is", json_string=true)`.
    ///
    /// Without `flags` the dot matches newlines too; with them, empty ones too, it does where `s` is
    /// among them. With `json_string` no character matches that JSON would escape.
    fn regex(&mut self, arguments: &mut Arguments<'s>) -> Result<Body, GrammarError> {
        let (offset, mut positional) = (arguments.offset, arguments.positional.drain(..));
        let (Some(pattern), None) = (positional.next(), positional.next()) else {
            return Err(self.wrong(offset, "Regex takes one pattern: write Regex(\"…\")"));
        };
        drop(positional);
        let pattern = pattern.into_text(self)?;
        let mut syntax = Syntax::EBNF;
        if let Some(flags) = arguments.take("flags") {
            let offset = flags.offset;
            syntax.flags.dot_is_all = false;
            let flags = flags.into_text(self)?.value;
            let known = flags.chars().find(|letter| !"isu".contains(*letter)).map_or(Ok(()), Err);
            syntax = known.and_then(|()| syntax.with_flags(&flags)).map_err(|letter| {
                let what = format!("flag {letter:?} is not supported: the flags are i, s and u");
                self.draft.unsupported(offset, what)
            })?;
        }
        let is_json = arguments.take("json_string").map(|flag| flag.into_flag(self));
        let limits = self.limits.of_pattern();
        let read = regex::parse(&pattern.value, &syntax, &limits, &mut self.draft.exprs);
        let expr = read.map_err(|error| {
            let place = |byte| self.draft.place(self.scan.offset_in(&pattern, byte, self.draft));
            GrammarError::of_pattern(error, place)
        })?;
        Ok(Body::terminal(match is_json.transpose()? {
            Some(true) => self.within_json(expr),
            _ => expr,
        }))
    }

    /// The texts of an expression that stand in a string of JSON without escapes.
    fn within_json(&mut self, expr: ExprId) -> ExprId {
        let exprs = &mut self.draft.exprs;
        let char = exprs.chars_except([('\0', '\x1F'), ('"', '"'), ('\\', '\\')]);
        let text = exprs.repeat(char, Count::ANY);
        exprs.and([expr, text])
    }

    /// `Substring("chunk", …)`: any of the chunks in a row, or none.
    fn substring(&mut self, arguments: &mut Arguments<'s>) -> Result<Body, GrammarError> {
        if arguments.positional.is_empty() {
            let what = "Substring takes strings: write Substring(\"…\", …)";
            return Err(self.wrong(arguments.offset, what));
        }
        let chunks = arguments.positional.drain(..).map(|chunk| chunk.into_text(self));
        let chunks = chunks.collect::<Result<Vec<_>, _>>()?;
        let exprs = &mut self.draft.exprs;
        let mut run = ExprId::EMPTY;
        let mut runs = vec![run];
        for chunk in chunks.iter().rev() {
            let chunk = exprs.literal(chunk.value.as_bytes());
            let longer = exprs.concat([chunk, run]);
            run = exprs.or([ExprId::EMPTY, longer]);
            runs.push(run);
        }
        Ok(Body::terminal(exprs.or(runs)))
    }

    /// `Token(id, …)`: one token of these.
    fn tokens(&mut self, arguments: &mut Arguments<'s>) -> Result<Body, GrammarError> {
        let ids = self.token_ids(arguments)?;
        Ok(self.draft.token(ids, arguments.offset))
    }

    /// `ExcludeToken(id, …)`: one token of the others.
    fn other_tokens(&mut self, arguments: &mut Arguments<'s>) -> Result<Body, GrammarError> {
        let ids = self.token_ids(arguments)?;
        Ok(self.draft.token(TokenPattern::Not(Box::new(ids)), arguments.offset))
    }

    /// The arguments, all of which are ids.
    fn token_ids(&mut self, arguments: &mut Arguments<'s>) -> Result<TokenPattern, GrammarError> {
        let is_id = |kind: &ValueKind<'_>| matches!(kind, ValueKind::Number(_));
        if !arguments.positional.iter().any(|value| is_id(&value.kind)) {
            let what = format!("{0} takes token ids: write {0}(id, …)", arguments.of);
            return Err(self.wrong(arguments.offset, what));
        }
        let ids = arguments.positional.drain(..).map(|id| id.into_number(self));
        Ok(of_ids(ids.collect::<Result<Vec<_>, _>>()?))
    }
}

/// The tokens with these ids.
pub(super) fn of_ids(mut ids: Vec<u32>) -> TokenPattern {
    ids.sort_unstable();
    ids.dedup();
    TokenPattern::Ids(ids.into_iter().map(|id| (TokenId(id), TokenId(id))).collect())
}
