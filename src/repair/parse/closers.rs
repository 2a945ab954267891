//! Closing brackets: those that fit, and those that do not.
//!
//! One that does not fit is right where others are missing before it, or wrong. Which it is shows behind it:
//! `{"a": [1}` ends well if a bracket is put in, and `{"a": ["b"}, "c": 2}` if the brace becomes a
//! bracket. So the reader is told which to take ([`Closers`]), and the costs of both readings are compared.

use std::ops::Range;

use super::super::edit::Rule;
use super::super::reason::Reason;
use super::{After, Closers, Doubt, Frame, Kind, Member, Object, Objects, Parser, Part, Spot};

/// The names of an object with more members are sorted.
const FEW: usize = 16;

impl Parser<'_> {
    /// A closing bracket.
    pub(super) fn closer(&mut self, char: char) -> Result<Part, Doubt> {
        if self.frame().kind.closer() != char {
            return self.misfit(char);
        }
        let at = self.at;
        self.at += 1;
        let frame = self.frame();
        let (kind, open, after, count) = (frame.kind, frame.open, frame.after, frame.count);
        if let After::Comma(comma) = after
            && !(kind == Kind::Tuple && count == 1)
        {
            self.edit(Rule::DeleteComma, comma..comma + 1, "");
        }
        match kind {
            Kind::Tuple => {
                if let (After::Comma(comma), 1) = (after, count) {
                    self.edit(Rule::DeleteComma, comma..comma + 1, "");
                } else if count == 1 {
                    self.note(Reason::Group, open..at + 1);
                }
                self.edit(Rule::TupleToArray, at..at + 1, "]");
            }
            Kind::Wrapper => {
                self.edit(Rule::UnwrapBraces, open..open + 1, "");
                self.edit(Rule::UnwrapBraces, at..at + 1, "");
            }
            Kind::Array | Kind::Object => {}
        }
        self.close_frame();
        Ok(Part::Whole)
    }

    /// A closing bracket of another kind than the last opening one.
    ///
    /// Where no bracket of its kind is open, it is too many, or the wrong one at the end of the text.
    fn misfit(&mut self, char: char) -> Result<Part, Doubt> {
        if self.frame().kind == Kind::Wrapper {
            return Err(self.doubt(Reason::Structure));
        }
        self.parsed.chose_closers = true;
        let at = self.at;
        if self.frame().after == After::Open {
            // Of two brackets with nothing between, either may be the wrong one.
            self.note(Reason::Closer, self.frame_open()..at + 1);
        }
        let is_open = self.frames.iter().any(|frame| frame.kind.closer() == char);
        let is_last = self.next_solid(at + 1) == self.text.len();
        match (self.choices.closers, is_open) {
            (Closers::Insert, true) => {
                self.insert_closer();
                Ok(Part::Whole)
            }
            (Closers::Insert, false) if !is_last => {
                if char != '}' {
                    // An opening one may be missing as well, before any item.
                    self.note(Reason::Closer, at..at + 1);
                }
                self.edit(Rule::DeleteCloser, at..at + 1, "");
                self.at += 1;
                Ok(Part::Whole)
            }
            _ => {
                let right = if self.frame().kind.is_object() { "}" } else { "]" };
                self.edit(Rule::Replace, at..at + 1, right);
                self.drop_comma();
                self.at += 1;
                self.close_frame();
                Ok(Part::Whole)
            }
        }
    }

    /// Closes the innermost bracket where nothing does.
    pub(super) fn insert_closer(&mut self) {
        self.drop_comma();
        let (at, right) = (self.at, if self.frame().kind.is_object() { "}" } else { "]" });
        self.edit(Rule::Insert, at..at, right);
        self.close_frame();
    }

    /// Takes away the comma behind the last child.
    fn drop_comma(&mut self) {
        if let After::Comma(comma) = self.frame().after {
            self.edit(Rule::DeleteComma, comma..comma + 1, "");
        }
    }

    /// The innermost bracket is a value that ends here.
    pub(super) fn close_frame(&mut self) {
        let Some(frame) = self.frames.pop() else { return };
        self.refuse_duplicates(&frame);
        let above = self.frames.last().map(|above| above.kind);
        if above == Some(frame.kind) && frame.count > 1 {
            self.last_nested = Some(self.at);
        }
        let is_outermost = match self.frames.as_slice() {
            [] => true,
            [only] => !only.kind.is_object(),
            _ => false,
        };
        let is_told = self.choices.objects == Objects::Told;
        if is_told && is_outermost && frame.kind.is_object() {
            let text = self.text;
            let member = |Spot { name, span, value }: Spot| Member {
                name: name.of(text).to_owned(),
                span,
                value,
            };
            let members = self.members.drain(frame.first_member..).map(member).collect();
            self.parsed.objects.push(Object { span: frame.open..self.at, members });
        }
        self.members.truncate(frame.first_member);
        self.completed();
    }

    /// Members with one name: second copies are taken away, others are in doubt.
    ///
    /// Many are sorted, not compared each with each.
    fn refuse_duplicates(&mut self, frame: &Frame) {
        let (members, text) = (&self.members[frame.first_member..], self.text);
        let name = |index: usize| members[index].name.of(text);
        let is_new = |index: usize| (0..index).all(|before| name(before) != name(index));
        if members.len() <= FEW && (1..members.len()).all(is_new) {
            return;
        }
        let mut order: Vec<usize> = (0..members.len()).collect();
        order.sort_by_key(|&index| name(index));
        let (mut copies, mut doubts) = (Vec::new(), Vec::new());
        for two in order.windows(2).filter(|two| name(two[0]) == name(two[1])) {
            let (first, second) = (&members[two[0]], &members[two[1]]);
            if self.written(first) != self.written(second) {
                doubts.push(second.span.clone());
                continue;
            }
            // Together with the comma, which stands behind the member before it.
            let before = members[..two[1]].last();
            copies
                .push(before.map_or(second.span.start, |member| member.span.end)..second.span.end);
        }
        for doubt in doubts {
            self.note(Reason::DuplicateKey, doubt);
        }
        self.drop_copies(frame, copies);
    }

    /// Takes copies away, with the edits within them.
    fn drop_copies(&mut self, frame: &Frame, mut copies: Vec<Range<usize>>) {
        copies.sort_by_key(|copy| copy.start);
        let holds = |at: usize| {
            let index = copies.partition_point(|copy| copy.end <= at);
            copies.get(index).is_some_and(|copy| copy.start <= at)
        };
        if copies.is_empty() {
            return;
        }
        let own = self.parsed.edits.split_off(frame.first_edit);
        self.parsed.edits.extend(own.into_iter().filter(|edit| !holds(edit.span.start)));
        self.parsed.words.retain(|word| !holds(word.span.start));
        for copy in copies {
            self.edit(Rule::DropIdenticalMember, copy, "");
        }
    }

    /// The value of a member as it is written.
    fn written(&self, member: &Spot) -> &str {
        self.text[member.value..member.span.end].trim()
    }
}
