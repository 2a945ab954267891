//! Host names with letters of all scripts: IDNA 2008 (RFC 5890 to 5893).
//!
//! Which characters a label may have is derived from their properties (RFC 5892, section 2); the rules
//! for those that depend on their neighbours (appendix A) and for writing from right to left (RFC 5893)
//! are regular. How long a label is in Punycode is not, nor is which Punycode is right.
//!
//! Each rule is written as what it forbids, and a label is what contains none of that: an intersection
//! with complements, stepped side by side. The tables are what the properties that a pattern can name
//! do not tell; they follow from Unicode's data by the formulas of the sections cited.

use super::{Exactness, LIMITS, WRITTEN_HERE, containing, host, whole};
use crate::regex::{ExprId, Exprs, Syntax, parse};

pub(super) const EXACTNESS: Exactness = Exactness::Over(
    "how long a label gets in Punycode is not counted; labels that are written in it are left out",
);

/// Letters, digits and marks that the standard does not allow as they are not stable under
/// normalization and case folding, can be ignored, or are old jamo (RFC 5892, sections 2.2 to 2.9), as
/// of Unicode 14; and those that a rule of appendix A is about. Gaps that no letter fills are closed.
const UNSTABLE: &str = concat!(
    r"\u{AA}-\u{BA}\u{133}\u{140}\u{149}\u{17F}\u{1C6}-\u{1CC}\u{1F3}\u{2B0}-\u{2B8}",
    r"\u{2E0}-\u{2E4}\u{340}-\u{341}\u{343}-\u{345}\u{34F}\u{374}\u{37A}\u{3D0}-\u{3D6}",
    r"\u{3F0}-\u{3F2}\u{3F5}\u{587}\u{640}\u{660}-\u{669}\u{675}-\u{678}\u{6F0}-\u{6F9}",
    r"\u{7FA}\u{958}-\u{95F}\u{9DC}-\u{9DF}\u{A33}\u{A36}\u{A59}-\u{A5B}\u{A5E}",
    r"\u{B5C}-\u{B5D}\u{E33}\u{EB3}\u{EDC}-\u{EDD}\u{F43}\u{F4D}\u{F52}\u{F57}\u{F5C}",
    r"\u{F69}\u{F73}\u{F75}-\u{F79}\u{F81}\u{F93}\u{F9D}\u{FA2}\u{FA7}\u{FAC}\u{FB9}",
    r"\u{10FC}\u{1100}-\u{11FF}\u{13F8}-\u{13FD}\u{17B4}-\u{17B5}\u{180B}-\u{180F}",
    r"\u{1C80}-\u{1C88}\u{1D2C}-\u{1D2E}\u{1D30}-\u{1D3A}\u{1D3C}-\u{1D4D}",
    r"\u{1D4F}-\u{1D6A}\u{1D78}\u{1D9B}-\u{1DBF}\u{1E9A}-\u{1E9B}\u{1F71}\u{1F73}\u{1F75}",
    r"\u{1F77}\u{1F79}\u{1F7B}\u{1F7D}-\u{1FA7}\u{1FB2}-\u{1FB4}\u{1FB7}-\u{1FC4}\u{1FC7}",
    r"\u{1FD3}\u{1FE3}\u{1FF2}-\u{1FF4}\u{1FF7}-\u{2149}\u{2C7C}-\u{2C7D}\u{2D6F}",
    r"\u{302E}-\u{303B}\u{309F}\u{30FF}\u{3131}-\u{318E}\u{A69C}-\u{A69D}\u{A770}",
    r"\u{A7F2}-\u{A7F4}\u{A7F8}-\u{A7F9}\u{A960}-\u{A97C}\u{AB5C}-\u{AB5F}",
    r"\u{AB69}-\u{ABBF}\u{D7B0}-\u{FA0D}\u{FA10}\u{FA12}\u{FA15}-\u{FA1E}\u{FA20}\u{FA22}",
    r"\u{FA25}-\u{FA26}\u{FA2A}-\u{FB1D}\u{FB1F}-\u{FE0F}\u{FE70}-\u{FE72}",
    r"\u{FE74}-\u{FFDC}\u{10781}-\u{107BA}\u{1D165}-\u{1D7FF}\u{1EE00}-\u{1FBF9}",
    r"\u{2F800}-\u{2FA1D}\u{E0100}-\u{E01EF}",
);
/// What is allowed although its kind is not (RFC 5892, section 2.6), and capital letters of Cherokee,
/// which fold to themselves.
const ALLOWED: &str = r"\u{3007}\u{6FD}\u{6FE}\u{F0B}\u{13A0}-\u{13F5}";
/// What appendix A allows among some neighbours.
const CONTEXTUAL: &str =
    r"\u{B7}\u{375}\u{5F3}\u{5F4}\u{30FB}\u{660}-\u{669}\u{6F0}-\u{6F9}\u{200C}\u{200D}";
/// Marks that join what they stand between: those of canonical combining class 9.
const VIRAMAS: &str = concat!(
    r"\u{94D}\u{9CD}\u{A4D}\u{ACD}\u{B4D}\u{BCD}\u{C4D}\u{CCD}\u{D3B}-\u{D3C}\u{D4D}",
    r"\u{DCA}\u{E3A}\u{EBA}\u{F84}\u{1039}-\u{103A}\u{1714}-\u{1715}\u{1734}\u{17D2}",
    r"\u{1A60}\u{1B44}\u{1BAA}-\u{1BAB}\u{1BF2}-\u{1BF3}\u{2D7F}\u{A806}\u{A82C}\u{A8C4}",
    r"\u{A953}\u{A9C0}\u{AAF6}\u{ABED}\u{10A3F}\u{11046}\u{11070}\u{1107F}\u{110B9}",
    r"\u{11133}-\u{11134}\u{111C0}\u{11235}\u{112EA}\u{1134D}\u{11442}\u{114C2}\u{115BF}",
    r"\u{1163F}\u{116B6}\u{1172B}\u{11839}\u{1193D}-\u{1193E}\u{119E0}\u{11A34}\u{11A47}",
    r"\u{11A99}\u{11C3F}\u{11D44}-\u{11D45}\u{11D97}",
);
/// Letters of Arabic, of those that are in use, that join on both sides, and those that join to the letter before alone.
const JOINING: &str = concat!(
    r"\u{620}\u{626}\u{628}\u{62A}-\u{62E}\u{633}-\u{63F}\u{641}-\u{647}\u{649}-\u{64A}",
    r"\u{66E}-\u{66F}\u{678}-\u{687}\u{69A}-\u{6BF}\u{6C1}-\u{6C2}\u{6CC}\u{6CE}\u{6D0}-\u{6D1}",
    r"\u{6FA}-\u{6FC}\u{6FF}",
);
const JOINING_BEFORE: &str = concat!(
    r"\u{622}-\u{625}\u{627}\u{629}\u{62F}-\u{632}\u{648}\u{671}-\u{673}\u{675}-\u{677}",
    r"\u{688}-\u{699}\u{6C0}\u{6C3}-\u{6CB}\u{6CD}\u{6CF}\u{6D2}-\u{6D3}\u{6D5}\u{6EE}-\u{6EF}",
);
/// The blocks of scripts that are written from right to left.
const RIGHT_TO_LEFT: &str =
    r"\u{590}-\u{8FF}\u{FB1D}-\u{FDFF}\u{FE70}-\u{FEFF}\u{10800}-\u{10FFF}\u{1E800}-\u{1EFFF}";
/// Digits of Arabic, which have a direction of their own (Unicode's class AN).
const ARABIC_DIGITS: &str = r"\u{660}-\u{669}\u{10D30}-\u{10D39}";
/// Letters and marks without a direction (Unicode's class ON).
const NEUTRAL: &str = r"\u{B7}\u{2B9}-\u{2BA}\u{2C6}-\u{2CF}\u{2EC}\u{375}\u{2E2F}\u{30FB}\u{A67F}\u{A717}-\u{A71F}\u{A788}";

/// `idn-hostname`: labels of ASCII or of other letters, with the full stops of East Asia too.
///
/// A name with a letter from right to left must have all its labels fit for that (RFC 5893, section
/// 2), so names are of one kind or the other, and labels are not chosen one by one.
pub(super) fn hostname(exprs: &mut Exprs) -> ExprId {
    let (ascii, unicode) = (host::plain_label(exprs), unicode_label(exprs));
    // All labels with hyphens there are kept for notations to come (RFC 5891, section 4.2.3.1).
    let reserved = containing(exprs, "^..--");
    let free = exprs.not(reserved);
    let ascii = exprs.and([ascii, free]);
    let label = exprs.or([ascii, unicode]);
    let separator = whole(exprs, r"[.\u3002\uFF0E\uFF61]");
    // The digits of Persian and Urdu are written as Europe's are.
    let right_to_left = containing(exprs, &format!(r"(?![\u06F0-\u06F9])[{RIGHT_TO_LEFT}]"));
    let other = exprs.not(right_to_left);
    let left_to_right = exprs.and([label, other]);
    let directed = directed(exprs);
    let either_way = exprs.and([label, directed]);
    let names = [left_to_right, either_way].map(|label| host::joined(exprs, label, separator));
    exprs.or(names)
}

/// A U-label (RFC 5891, section 4.2), whatever way it is written.
///
/// At least one character is not ASCII, as else it would be an A-label or a plain one. The length
/// is bounded by characters: 63 bytes of Punycode with `xn--` before them leave 59.
fn unicode_label(exprs: &mut Exprs) -> ExprId {
    let class = format!(
        r"[[[\p{{Ll}}\p{{Lo}}\p{{Lm}}\p{{Mn}}\p{{Mc}}\p{{Nd}}&&\p{{age:14.0}}]--[A-Z{UNSTABLE}]]{ALLOWED}{CONTEXTUAL}a-z0-9-]"
    );
    let label = format!("{class}{{1,59}}");
    let label = parse(&label, &Syntax::RUST, &LIMITS, exprs).expect(WRITTEN_HERE);
    let beyond_ascii = containing(exprs, r"[^\0-\x7F]");
    let wrong: Vec<ExprId> = wrong().iter().map(|wrong| containing(exprs, wrong)).collect();
    let wrong = exprs.or(wrong);
    let right = exprs.not(wrong);
    exprs.and([label, beyond_ascii, right])
}

/// What a label does not contain: hyphens at its ends or in the third and fourth place, a mark at its
/// begin, and what the rules of appendix A exclude.
fn wrong() -> [String; 9] {
    let kana = r"\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}";
    let joined = format!(r"(?=\p{{Mn}}*[{JOINING}{JOINING_BEFORE}])");
    [
        r"^-|-$|^..--|^\p{M}".to_owned(),
        r"(?<!l)\u00B7|\u00B7(?!l)".to_owned(),
        r"\u0375(?!\p{Script=Greek})".to_owned(),
        r"(?<!\p{Script=Hebrew})[\u05F3\u05F4]".to_owned(),
        format!(r"^[^{kana}]*\u30FB[^{kana}]*$"),
        r"[\u0660-\u0669].*[\u06F0-\u06F9]|[\u06F0-\u06F9].*[\u0660-\u0669]".to_owned(),
        format!(r"(?<![{VIRAMAS}])\u200D"),
        format!(r"(?<![{VIRAMAS}])\u200C(?!\p{{Mn}}*[{JOINING}{JOINING_BEFORE}])"),
        format!(r"(?<![{VIRAMAS}])(?<![{JOINING}]\p{{Mn}}*)\u200C{joined}"),
    ]
}

/// The labels that may stand in a name with letters from right to left (RFC 5893, section 2).
fn directed(exprs: &mut Exprs) -> ExprId {
    // Rules 2 to 4: from right to left, with digits, and with a letter or a digit at the end.
    let strong = format!(r"[[{RIGHT_TO_LEFT}]--[\p{{Mn}}{ARABIC_DIGITS}\u{{6F0}}-\u{{6F9}}]]");
    let digits = format!(r"[0-9\u{{6F0}}-\u{{6F9}}{ARABIC_DIGITS}]");
    let weak = format!(r"[-{NEUTRAL}\u{{200C}}\u{{200D}}\p{{Mn}}]");
    let end = format!(r"(?:{strong}|{digits})\p{{Mn}}*");
    let leftward = format!("{strong}(?:(?:{strong}|{digits}|{weak})*{end})?|{strong}\\p{{Mn}}*");
    // Rules 5 and 6: from left to right, with a letter first.
    let letter = format!(
        r"[[\p{{L}}\p{{Mc}}\p{{Nd}}\u{{3007}}\u{{F0B}}]--[0-9\u{{6F0}}-\u{{6F9}}{RIGHT_TO_LEFT}{NEUTRAL}]]"
    );
    let rightward = format!(r"{letter}(?:(?:{letter}|[0-9]|{weak})*(?:{letter}|[0-9]))?\p{{Mn}}*");
    let [leftward, rightward] = [leftward, rightward]
        .map(|label| parse(&label, &Syntax::RUST, &LIMITS, exprs).expect(WRITTEN_HERE));
    // European and Arabic digits do not stand in one label.
    let mixed = containing(
        exprs,
        &format!("[0-9\\u06F0-\\u06F9].*[{ARABIC_DIGITS}]|[{ARABIC_DIGITS}].*[0-9\\u06F0-\\u06F9]"),
    );
    let unmixed = exprs.not(mixed);
    let leftward = exprs.and([leftward, unmixed]);
    exprs.or([leftward, rightward])
}
