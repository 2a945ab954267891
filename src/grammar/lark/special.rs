//! Tokens of the vocabulary: `<name>`, and by id `<[1,3-5]>`, `<[^1,3-5]>` and `<[*]>`.
//!
//! A grammar is read without a vocabulary. So any name and any id is right here; whether there is
//! such a token shows when the grammar is compiled for a vocabulary.

use crate::grammar::TokenPattern;
use crate::vocab::TokenId;

/// The tokens that a word with its `<` and `>` stands for, or what is wrong with it.
pub(super) fn parse(word: &str) -> Result<TokenPattern, String> {
    let inner = word.strip_prefix("<[").and_then(|rest| rest.strip_suffix("]>"));
    match inner.map(str::trim) {
        None => Ok(TokenPattern::Named(word.to_owned())),
        Some("*") => Ok(TokenPattern::Not(Box::new(TokenPattern::Ids(Vec::new())))),
        Some(list) => match list.strip_prefix('^') {
            Some(list) => Ok(TokenPattern::Not(Box::new(ids(list)?))),
            None => ids(list),
        },
    }
}

/// Ids and ranges of ids with commas between them, of which some may stand for nothing.
fn ids(list: &str) -> Result<TokenPattern, String> {
    let parts = list.split(',').map(str::trim).filter(|part| !part.is_empty());
    let ranges: Vec<(TokenId, TokenId)> = parts.map(range).collect::<Result<_, _>>()?;
    match ranges.is_empty() {
        true => Err("a list of token ids has at least one, as <[7]>".to_owned()),
        false => Ok(TokenPattern::Ids(ranges)),
    }
}

/// `7` or `3-5`, both ends included.
fn range(part: &str) -> Result<(TokenId, TokenId), String> {
    if part.contains('*') {
        return Err("* stands for every token, alone: <[*]>".to_owned());
    }
    let wrong = || format!("{part:?} is neither a token id nor a range of them, as 3-5");
    let id = |text: &str| {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| is_number).map(TokenId).ok_or_else(wrong)
    };
    let (first, last) = part.split_once('-').unwrap_or((part, part));
    let (first, last) = (id(first.trim())?, id(last.trim())?);
    match first <= last {
        true => Ok((first, last)),
        false => Err(format!("range {part}: the first must not be over the second")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(ranges: &[(u32, u32)]) -> TokenPattern {
        TokenPattern::Ids(ranges.iter().map(|&(a, b)| (TokenId(a), TokenId(b))).collect())
    }

    fn check(word: &str, expected: Result<TokenPattern, &str>) {
        match (parse(word), expected) {
            (Err(found), Err(expected)) => assert!(found.contains(expected), "{word}: {found}"),
            (found, expected) => assert_eq!(found, expected.map_err(str::to_owned), "{word}"),
        }
    }

    #[test]
    fn tokens_are_read() {
        let not = |pattern| TokenPattern::Not(Box::new(pattern));
        check("<|tool|>", Ok(TokenPattern::Named("<|tool|>".to_owned())));
        check("<[7]>", Ok(list(&[(7, 7)])));
        check("<[1,3-5,,2 - 4]>", Ok(list(&[(1, 1), (3, 5), (2, 4)])));
        check("<[^1,3-5]>", Ok(not(list(&[(1, 1), (3, 5)]))));
        check("<[*]>", Ok(not(list(&[]))));
    }

    #[test]
    fn wrong_tokens_are_refused() {
        check("<[]>", Err("at least one"));
        check("<[,]>", Err("at least one"));
        check("<[^]>", Err("at least one"));
        check("<[*,1]>", Err("stands for every token, alone"));
        check("<[^*]>", Err("stands for every token, alone"));
        check("<[3-1]>", Err("must not be over"));
        check("<[1-2-3]>", Err("neither a token id"));
        check("<[4294967296]>", Err("neither a token id"));
        check("<[+1]>", Err("neither a token id"));
        check("<[x]>", Err("neither a token id"));
    }
}
