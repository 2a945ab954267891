//! Tokens as they stand within quoted strings.
//!
//! Within a string almost every token goes on with it, whatever the string is for. What those are is
//! a fact of the vocabulary, found once, so that masks need only look at the others.
//!
//! JSON's strings end at a quote, and a backslash begins an escape (RFC 8259, section 7). Up to the
//! first of these a token is characters as they are, in UTF-8, of which the first and the last may
//! be cut: tokens of bytes are split anywhere.

use super::{TokenId, TokenMask, TokenTrie};

/// The tokens that stay within a string, and what the others end it with.
///
/// A token is plain up to its first quote, backslash, control character or byte that is no UTF-8.
#[derive(Debug)]
pub(crate) struct Plain {
    /// The tokens that are plain to their end.
    pub(crate) mask: TokenMask,
    /// For each node of the trie, the depth of the last byte that is not plain; 0 where all are.
    last_special: Vec<u16>,
    /// For each node of the trie, the groups of bytes that stand below it.
    below: Vec<ByteGroups>,
    /// The tokens that are plain up to a quote or backslash, by their bytes.
    pub(crate) special: TokenTrie,
    /// For each number of characters, the plain tokens that have no more.
    by_length: Vec<TokenMask>,
    /// Plain tokens of more characters than that, with how many they have.
    long: Vec<(usize, TokenId)>,
    /// What stands behind the first quote of tokens that are plain up to it.
    pub(crate) behind_quote: Behind,
    /// What stands behind the first backslash of tokens that are plain up to it.
    pub(crate) behind_backslash: Behind,
    /// Tokens that may end two strings, or one within which they have an escape.
    pub(crate) many_quotes: TokenTrie,
    /// Those tokens in which a key may end that tells more of what stands behind it than that it ended:
    /// it has an escape, or another key may follow.
    pub(crate) key_quotes: TokenTrie,
}

/// Tokens by what stands behind one of their bytes.
#[derive(Debug)]
pub(crate) struct Behind {
    /// Tokens of which the byte is the last.
    pub(crate) ended: Vec<TokenId>,
    /// The others, by what stands behind the byte.
    pub(crate) trie: TokenTrie,
}

impl Plain {
    /// One walk over the trie, in which each node knows the last special byte on its way. Tokens
    /// with a control character or a wrong byte first are in no list: no string has them.
    pub(super) fn new(trie: &TokenTrie, size: usize) -> Self {
        let (mut mask, mut last_special) = (TokenMask::new(size), Vec::new());
        let mut bytes: Vec<u8> = Vec::new();
        let mut specials: Vec<u16> = Vec::new();
        let (mut special, mut quoted, mut escaped) = (Vec::new(), Vec::new(), Vec::new());
        let (mut many_quotes, mut key_quotes) = (Vec::new(), Vec::new());
        let mut lengths = Vec::new();
        for (index, node) in trie.nodes().iter().enumerate() {
            bytes.truncate(node.depth() - 1);
            specials.truncate(node.depth() - 1);
            let before = specials.last().copied().unwrap_or(0);
            bytes.push(node.byte());
            let is_plain = goes_on(&bytes[usize::from(before)..]);
            specials.push(if is_plain { before } else { node.depth() as u16 });
            last_special.push(specials[node.depth() - 1]);
            for &id in trie.tokens(index) {
                let Some(first) = specials.iter().position(|&depth| depth > 0) else {
                    mask.insert(id);
                    lengths.push((chars(&bytes), id));
                    continue;
                };
                let behind = bytes[first + 1..].to_vec();
                match bytes[first] {
                    b'"' => quoted.push((behind, id)),
                    b'\\' => escaped.push((behind, id)),
                    _ => continue,
                }
                special.push((bytes.clone(), id));
                if ends_more(&bytes[first..]) {
                    many_quotes.push((bytes.clone(), id));
                    if bytes[first] == b'\\' || bytes.contains(&b',') {
                        key_quotes.push((bytes.clone(), id));
                    }
                }
            }
        }
        let (behind_quote, behind_backslash) = (Behind::new(quoted), Behind::new(escaped));
        let [special, many_quotes, key_quotes] =
            [special, many_quotes, key_quotes].map(TokenTrie::of);
        let (by_length, long) = by_length(lengths, size);
        Self {
            mask,
            last_special,
            below: groups_below(trie),
            special,
            by_length,
            long,
            behind_quote,
            behind_backslash,
            many_quotes,
            key_quotes,
        }
    }

    /// Allows the plain tokens of at most so many characters, the last perhaps unfinished.
    ///
    /// Masks of lengths contain those of lesser ones, so a union with one does; tokens beyond the
    /// table are few and looked at.
    pub(crate) fn allow_up_to(&self, length: usize, mask: &mut TokenMask) {
        if let Some(known) = self.by_length.get(length) {
            mask.union_with(known);
            return;
        }
        mask.union_with(&self.by_length[SHORT]);
        let long = self.long.iter().filter(|(of, _)| *of <= length);
        long.for_each(|&(_, id)| mask.insert(id));
    }

    /// The groups of all bytes that stand below a node of the trie.
    pub(crate) fn groups_below(&self, node: usize) -> ByteGroups {
        self.below[node]
    }

    /// Whether the bytes behind depth `from` up to a node of the trie are plain, where those before
    /// end with a whole character.
    pub(crate) fn is_plain_from(&self, from: usize, node: usize) -> bool {
        usize::from(self.last_special[node]) <= from
    }
}

/// Groups of bytes that patterns mostly treat alike, one bit each: classes of letters and digits, and
/// every other character of ASCII by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ByteGroups(u64);

impl ByteGroups {
    /// The groups whose bytes stand for themselves in a string and are whole characters, each with
    /// its bytes, of which `holds` is true of all.
    pub(crate) fn of_all(mut holds: impl FnMut(u8) -> bool) -> Self {
        let mut left = Self(u64::MAX);
        for byte in 0..=u8::MAX {
            let is_whole = matches!(byte, 0x20..0x7F) && !matches!(byte, b'"' | b'\\');
            let group = Self::of(byte);
            if group.is_within(left) && !(is_whole && holds(byte)) {
                left.0 &= !group.0;
            }
        }
        left
    }

    /// Whether all of its groups are among others.
    pub(crate) fn is_within(self, others: Self) -> bool {
        self.0 & !others.0 == 0
    }

    /// The group of a byte.
    fn of(byte: u8) -> Self {
        Self(
            1 << match byte {
                b'0' => 0,
                b'1'..=b'9' => 1,
                b'a'..=b'f' => 2,
                b'g'..=b'z' => 3,
                b'A'..=b'F' => 4,
                b'G'..=b'Z' => 5,
                0x20..=0x2F => 6 + (byte - 0x20),
                0x3A..=0x40 => 22 + (byte - 0x3A),
                0x5B..=0x60 => 29 + (byte - 0x5B),
                0x7B..=0x7E => 35 + (byte - 0x7B),
                _ => 39,
            },
        )
    }
}

/// For each node of a trie, the groups of the bytes below it. Children stand behind their parents,
/// so the last nodes come first.
fn groups_below(trie: &TokenTrie) -> Vec<ByteGroups> {
    let nodes = trie.nodes();
    let mut below = vec![ByteGroups::default(); nodes.len()];
    for (index, node) in nodes.iter().enumerate().rev() {
        let mut child = index + 1;
        while child < node.end() {
            let own = ByteGroups::of(nodes[child].byte());
            below[index] = ByteGroups(below[index].0 | own.0 | below[child].0);
            child = nodes[child].end();
        }
    }
    below
}

impl Behind {
    fn new(tokens: Vec<(Vec<u8>, TokenId)>) -> Self {
        let (ended, others): (Vec<_>, Vec<_>) =
            tokens.into_iter().partition(|(behind, _)| behind.is_empty());
        let ended = ended.into_iter().map(|(_, id)| id).collect();
        Self { ended, trie: TokenTrie::of(others) }
    }
}

/// Whether bytes are within a string, the last character perhaps unfinished.
///
/// A character that lacks bytes at the end goes on; one that is wrong does not.
fn goes_on(bytes: &[u8]) -> bool {
    let is_special = |&byte: &u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    if bytes.last().is_some_and(is_special) {
        return false;
    }
    match std::str::from_utf8(bytes) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    }
}

/// Whether bytes may end a string that is not all plain, or more than one.
///
/// A quote behind a backslash ends nothing. One string that ends and another that begins and ends
/// are three quotes.
fn ends_more(bytes: &[u8]) -> bool {
    let (mut quotes, mut escapes, mut at) = (0, 0, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'"' => quotes += 1,
            b'\\' => {
                escapes += 1;
                at += 1;
            }
            _ => {}
        }
        at += 1;
    }
    quotes > 2 || escapes > 0 && quotes > 0
}

/// Few tokens have more characters than this.
const SHORT: usize = 24;

/// The tokens by their number of characters, those of many apart.
fn by_length(
    tokens: Vec<(usize, TokenId)>,
    size: usize,
) -> (Vec<TokenMask>, Vec<(usize, TokenId)>) {
    let mut masks: Vec<TokenMask> = Vec::with_capacity(SHORT + 1);
    for length in 0..=SHORT {
        let mut mask = masks.last().cloned().unwrap_or_else(|| TokenMask::new(size));
        tokens.iter().filter(|(of, _)| *of == length).for_each(|&(_, id)| mask.insert(id));
        masks.push(mask);
    }
    let long = tokens.into_iter().filter(|(of, _)| *of > SHORT).collect();
    (masks, long)
}

/// The characters that bytes begin.
///
/// By their first bytes, so that one that is cut at the end counts, and one that is cut at its
/// begin does not (RFC 3629).
fn chars(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| byte & 0xC0 != 0x80).count()
}
