//! How text is cut before byte-pair merging, by the names that GGUF files use.
//!
//! The name in `tokenizer.ggml.pre` decides the cut, and a wrong cut gives other token ids for
//! ordinary text (digits, contractions, white space), so an unknown name is refused.

use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::tokenizer::SplitDelimiterBehavior;

use super::VocabError;

/// How text is cut into pieces before byte-pair merging.
///
/// ```
/// use tokenrail::vocab::PreTokenizer;
///
/// // SmolLM2 files say `smollm`: "2024" becomes four tokens, never a merged one.
/// assert_eq!(PreTokenizer::from_gguf_name("smollm")?, PreTokenizer::SingleDigits);
/// # Ok::<(), tokenrail::vocab::VocabError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PreTokenizer {
    /// The GPT-2 pattern over bytes.
    Gpt2,
    /// Every digit alone, then the GPT-2 pattern (SmolLM, StarCoder, Command-R).
    SingleDigits,
    /// The Llama 3 pattern: up to three digits together.
    Llama3,
    /// The Qwen 2 pattern: the Llama 3 pattern with single digits.
    Qwen2,
}

const NAMES: [(&str, PreTokenizer); 14] = [
    ("gpt-2", PreTokenizer::Gpt2),
    ("mpt", PreTokenizer::Gpt2),
    ("olmo", PreTokenizer::Gpt2),
    ("smollm", PreTokenizer::SingleDigits),
    ("starcoder", PreTokenizer::SingleDigits),
    ("refact", PreTokenizer::SingleDigits),
    ("command-r", PreTokenizer::SingleDigits),
    ("codeshell", PreTokenizer::SingleDigits),
    ("llama-bpe", PreTokenizer::Llama3),
    ("llama-v3", PreTokenizer::Llama3),
    ("llama3", PreTokenizer::Llama3),
    ("qwen2", PreTokenizer::Qwen2),
    ("deepseek-r1-qwen", PreTokenizer::Qwen2),
    ("stablelm2", PreTokenizer::Qwen2),
];

const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

impl PreTokenizer {
    /// Returns the cut that a GGUF file names in `tokenizer.ggml.pre`.
    ///
    /// # Errors
    /// [`VocabError::Unsupported`] with the known names.
    ///
    /// ```
    /// use tokenrail::vocab::PreTokenizer;
    ///
    /// assert_eq!(PreTokenizer::from_gguf_name("llama-bpe")?, PreTokenizer::Llama3);
    /// assert!(PreTokenizer::from_gguf_name("default").is_err(), "a guess would give wrong ids");
    /// # Ok::<(), tokenrail::vocab::VocabError>(())
    /// ```
    pub fn from_gguf_name(name: &str) -> Result<Self, VocabError> {
        let known = NAMES.iter().find(|(known, _)| *known == name);
        known.map(|&(_, pre_tokenizer)| pre_tokenizer).ok_or_else(|| VocabError::Unsupported {
            what: "pre-tokenizer",
            found: name.to_owned(),
            known: NAMES.map(|(known, _)| known).join(", "),
        })
    }

    /// Llama 3 vocabularies list whole words that no merge sequence reaches.
    pub(super) fn ignores_merges(self) -> bool {
        self == Self::Llama3
    }

    pub(super) fn build(self) -> Result<PreTokenizerWrapper, VocabError> {
        let gpt2 = || PreTokenizerWrapper::ByteLevel(ByteLevel::new(false, true, true));
        let steps = match self {
            Self::Gpt2 => vec![gpt2()],
            Self::SingleDigits => vec![PreTokenizerWrapper::Digits(Digits::new(true)), gpt2()],
            Self::Llama3 => split_then_bytes(LLAMA3)?,
            Self::Qwen2 => split_then_bytes(QWEN2)?,
        };
        Ok(PreTokenizerWrapper::Sequence(Sequence::new(steps)))
    }
}

/// Pieces are spelled in byte-level characters last, since the patterns are about real letters.
fn split_then_bytes(pattern: &str) -> Result<Vec<PreTokenizerWrapper>, VocabError> {
    let pattern = SplitPattern::Regex(pattern.to_owned());
    let split = Split::new(pattern, SplitDelimiterBehavior::Isolated, false)
        .map_err(VocabError::Tokenizer)?;
    let bytes = ByteLevel::new(false, true, false);
    Ok(vec![PreTokenizerWrapper::Split(split), PreTokenizerWrapper::ByteLevel(bytes)])
}

#[cfg(test)]
mod tests {
    use tokenizers::{OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer as _};

    use super::*;

    /// The pieces, with spaces shown as `Ġ` and newlines as `Ċ`.
    fn check(name: &str, text: &str, expected: &[&str]) {
        let pre_tokenizer = PreTokenizer::from_gguf_name(name).unwrap().build().unwrap();
        let mut pieces = PreTokenizedString::from(text);
        pre_tokenizer.pre_tokenize(&mut pieces).unwrap();
        let pieces = pieces.get_splits(OffsetReferential::Original, OffsetType::Byte);
        let pieces: Vec<_> = pieces.iter().map(|(piece, _, _)| *piece).collect();
        assert_eq!(pieces, expected, "{name}: {text:?}");
    }

    #[test]
    fn names_cut_text_as_their_models_were_trained() {
        check("gpt-2", "in 2024 I'll", &["in", "Ġ2024", "ĠI", "'ll"]);
        check("smollm", "in 2024", &["in", "Ġ", "2", "0", "2", "4"]);
        check("llama-bpe", "in 2024 I'LL", &["in", "Ġ", "202", "4", "ĠI", "'LL"]);
        check("qwen2", "in 2024", &["in", "Ġ", "2", "0", "2", "4"]);
        check("llama-bpe", "a.\n\nb", &["a", ".ĊĊ", "b"]);
        check("gpt-2", "a.\n\nb", &["a", ".", "Ċ", "Ċ", "b"]);
    }

    #[test]
    fn unknown_name_lists_the_known_ones() {
        let error = PreTokenizer::from_gguf_name("klingon").unwrap_err().to_string();
        assert!(error.contains("\"klingon\"") && error.contains("smollm"), "{error}");
    }
}
