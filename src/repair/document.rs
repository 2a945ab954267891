//! A whole reply: level after level, until it is a value.
//!
//! 1. What is JSON as it stands is held against the schema, with no edit but those of its values.
//! 2. The values in it are found and read, each with its readings and doubts.
//! 3. Words in doubt are decided by the schema, doubts overruled by rules that are allowed, or by a schema
//!    that leaves no room for another reading.
//! 4. The edited text is read by the strict reader, which is the judge of the tolerant one.
//! 5. Its values are coerced.
//! 6. Of several values one is taken: they are equal, or one alone conforms, or a rule chooses.
//!
//! What took a level that is not allowed is refused at the end, so that the level that would be needed
//! is known.

mod brackets;
mod nearest;
mod words;

use std::ops::Range;

use super::coerce::{Coerced, Unfit, coerce};
use super::edit::{Class, Rule, TextEdit, apply};
use super::extract::{Found, Outline, extract};
use super::judge::{Faults, violations};
use super::locate::locate;
use super::outcome::{Repaired, Status};
use super::parse::{Doubt, Parsed, Region};
use super::reading::{read_value, value_text};
use super::reason::{Reason, Salvage};
use super::{Finish, Level, Options};
use crate::schema::Validator;
use crate::schema::json::Json;

/// Repairs a reply.
pub(super) fn repair(text: &str, validator: Option<&Validator>, options: &Options) -> Repaired {
    if text.len() > options.bytes {
        return Repaired::refused(Level::Strict, Reason::Size, options.bytes..text.len());
    }
    let reply = Reply { text, validator, options };
    let repaired = match reply.strict(text) {
        Some(json) => reply.conform(Edited { json, text: text.to_owned(), edits: Vec::new() }),
        None => nearest::or_nearest(&reply, reply.mend()),
    };
    match repaired.level > options.level && repaired.text.is_some() {
        true => Repaired { edits: Vec::new(), patch: Vec::new(), ..reply.beyond(repaired) },
        false => repaired,
    }
}

/// A reply and what is asked of it.
struct Reply<'r> {
    text: &'r str,
    validator: Option<&'r Validator>,
    options: &'r Options,
}

/// A value that edits of the reply gave.
#[derive(Clone)]
struct Edited {
    json: Value,
    /// The reply with the edits.
    text: String,
    edits: Vec<TextEdit>,
}

/// The value of a text that is JSON: `None` where there is no schema, which alone asks for it.
type Value = Option<Json>;

impl Reply<'_> {
    /// Refuses what takes a level that is not allowed.
    fn beyond(&self, repaired: Repaired) -> Repaired {
        Repaired::refused(repaired.level, Reason::Level, 0..self.text.len())
    }

    /// The value of a text that is JSON as it stands.
    fn strict(&self, text: &str) -> Option<Value> {
        let depth = self.options.depth;
        match self.validator {
            Some(_) => Json::parse(text, depth).ok().map(Some),
            None => Json::is_one(text, depth).then_some(None),
        }
    }

    /// The reply with edits that make JSON of it and of all that stands around.
    fn made(&self, edits: Vec<TextEdit>) -> Option<Edited> {
        let text = apply(self.text, &edits)?;
        Some(Edited { json: self.strict(&text)?, text, edits })
    }

    /// Makes JSON of what is none.
    fn mend(&self) -> Repaired {
        let Options { finish, depth, .. } = *self.options;
        let mut outline = match extract(self.text, finish, depth) {
            Ok(outline) => outline,
            Err(doubt) => {
                let other = self.sequence().or_else(|| self.unescaped());
                let other = other.or_else(|| brackets::reopened(self, &doubt));
                let other = other.or_else(|| self.word(&doubt));
                return other.unwrap_or_else(|| self.refuse(&doubt));
            }
        };
        if outline.values.len() > 1 {
            let values = outline.values.iter().cloned();
            let results: Vec<Repaired> = values.map(|found| self.value(&outline, found)).collect();
            return self.choose(&outline, &results);
        }
        let Some(found) = outline.values.pop() else {
            return Repaired::refused(Level::Strict, Reason::NoJson, 0..self.text.len());
        };
        let repaired = self.value(&outline, found);
        match repaired.text {
            Some(_) => repaired,
            None => self.sequence().unwrap_or(repaired),
        }
    }

    /// The result where a reading is in doubt: the reason, its place, and the level that it needs.
    fn refuse(&self, doubt: &Doubt) -> Repaired {
        Repaired::refused(needed(doubt.reason), doubt.reason, doubt.span.clone())
    }

    /// One value of the reply, and what of it was cut off.
    fn value(&self, outline: &Outline, mut found: Found) -> Repaired {
        let states = std::mem::take(&mut found.readings.best.states);
        Repaired { states, ..self.alone(outline, found) }
    }

    /// One value of the reply, with everything around it taken away.
    fn alone(&self, outline: &Outline, mut found: Found) -> Repaired {
        let span = found.start..found.readings.best.end;
        let repaired = match self.settle(found.start, &mut found.readings.best) {
            Ok(edited) => {
                let repaired = self.conform(self.around(outline, span, edited));
                let is_late = repaired.text.is_none() && found.readings.best.closes_late;
                let other = is_late.then(|| brackets::closed(self)).flatten();
                other.unwrap_or(repaired)
            }
            Err(doubt) => match self.decided(outline, &found, &doubt) {
                Some(repaired) => return repaired,
                None => self.refuse(&doubt),
            },
        };
        if repaired.status != Status::Ambiguous {
            return repaired;
        }
        let all = std::iter::once(&found.readings.best).chain(&found.readings.others);
        let region = self.region(found.start);
        let texts = all.filter_map(|parsed| Some((parsed.cost, value_text(region, parsed)?)));
        let mut repaired = repaired;
        for (cost, text) in texts.filter(|(_, text)| Json::is_one(text, self.options.depth)) {
            repaired.alternatives.push(text);
            repaired.costs.push(cost);
        }
        repaired
    }

    /// A value whose readings the schema tells apart: one conforms, and could not be read in another way
    /// that does.
    ///
    /// That one conforms is not enough: in `{"a": "say "hi", ok"}` any reading of the quotes conforms
    /// where any name is allowed, and the reader has not written down all of them. Where no object may
    /// have a name more, what stands behind a quote can be nothing but a part of its string.
    fn decided(&self, outline: &Outline, found: &Found, doubt: &Doubt) -> Option<Repaired> {
        let validator = self.validator.filter(|_| self.options.level >= Level::Syntax)?;
        let span = found.start..found.readings.best.end;
        let readings = &found.readings;
        let mut fitting = Vec::new();
        for parsed in std::iter::once(&readings.best).chain(&readings.others) {
            let is_open = |doubt: &Doubt| {
                !doubt.reason.is_forcible() && !self.options.overrules(doubt.reason)
            };
            if parsed.doubts.iter().any(is_open) {
                return None;
            }
            let mut parsed = parsed.clone();
            let Ok(edited) = self.edited(found.start, &mut parsed) else { continue };
            let json = edited.json.clone()?;
            if let Ok(coerced) = coerce(json, validator, self.options) {
                fitting.push((edited, coerced));
            }
        }
        let (mut edited, coerced) = fitting.pop().filter(|_| fitting.is_empty())?;
        // Without a name or an item more, no other text could be put in.
        let is_forced = doubt.reason == Reason::Group || is_closed(&coerced.json, validator);
        if !is_forced {
            return None;
        }
        for edit in edited.edits.iter_mut().filter(|edit| edit.class == Class::Guess) {
            edit.class = Class::Lossless;
        }
        Some(self.conform(self.around(outline, span, edited)))
    }

    /// A reading without doubts.
    fn settle(&self, start: usize, parsed: &mut Parsed) -> Result<Edited, Doubt> {
        let open = parsed.doubts.iter().find(|doubt| !self.options.overrules(doubt.reason));
        match open {
            Some(doubt) => Err(doubt.clone()),
            None => self.edited(start, parsed),
        }
    }

    /// What a reading gives, its words in doubt decided. Its edits are taken from it.
    fn edited(&self, start: usize, parsed: &mut Parsed) -> Result<Edited, Doubt> {
        if !parsed.words.is_empty() {
            parsed.edits = words::decide(self, start, parsed)?;
        }
        let (json, text) = self.applied(start, parsed.end, &parsed.edits)?;
        let mut edits = std::mem::take(&mut parsed.edits);
        for edit in edits.iter_mut().filter(|_| !parsed.doubts.is_empty()) {
            let is_overruled = parsed.doubts.iter().any(|doubt| {
                doubt.span.start <= edit.span.start && edit.span.end <= doubt.span.end
            });
            // What chooses between readings is a guess, however little it does.
            edit.class = if is_overruled { edit.class.max(Class::Guess) } else { edit.class };
        }
        Ok(Edited { json, text, edits })
    }

    /// The value that edits give, and its text. That they give none is a fault of the reader, which
    /// refuses then.
    fn applied(
        &self,
        start: usize,
        end: usize,
        edits: &[TextEdit],
    ) -> Result<(Value, String), Doubt> {
        let text = apply(&self.text[..end], edits).map(|mut text| {
            text.drain(..start);
            text
        });
        let value = text.and_then(|text| Some((self.strict(&text)?, text)));
        value.ok_or(Doubt { reason: Reason::Structure, span: start..end })
    }

    /// The part of the reply that a value is looked for in, from a place on.
    fn region(&self, start: usize) -> Region<'_> {
        let Options { finish, depth, .. } = *self.options;
        Region { text: self.text, start, finish, depth }
    }

    /// Takes away what stands around a value.
    ///
    /// White space alone is not touched where nothing else is: it is allowed around JSON.
    fn around(&self, outline: &Outline, span: Range<usize>, mut edited: Edited) -> Edited {
        if span == (0..self.text.len()) {
            return edited;
        }
        let mut strips: Vec<TextEdit> = Vec::new();
        for (side, bytes) in [(0, 0..span.start), (1, span.end..self.text.len())] {
            let mut at = bytes.start;
            let within = outline
                .strips
                .iter()
                .filter(|(_, span)| bytes.start <= span.start && span.end <= bytes.end);
            for (rule, span) in within {
                strips.extend(self.prose(at..span.start));
                strips.push(TextEdit::new(self.text, *rule, span.clone(), ""));
                at = span.end;
            }
            let is_blank = self.text[at..bytes.end].trim().is_empty();
            if side == 1 || !is_blank {
                strips.extend(self.prose(at..bytes.end));
            }
        }
        edited.edits.extend(strips);
        edited.edits.sort_by_key(|edit| edit.span.start);
        edited.text = apply(self.text, &edited.edits).unwrap_or_default();
        edited
    }

    /// Takes prose away; white space alone may stay.
    fn prose(&self, span: Range<usize>) -> Option<TextEdit> {
        let is_blank = self.text[span.clone()].trim().is_empty();
        (!is_blank).then(|| TextEdit::new(self.text, Rule::StripProse, span, ""))
    }

    /// Holds a value against the schema.
    fn conform(&self, edited: Edited) -> Repaired {
        let Edited { json, text, mut edits } = edited;
        locate(&text, &mut edits);
        let (Some(validator), Some(json)) = (self.validator, json) else {
            return Repaired::made(text, edits, Vec::new());
        };
        if self.options.level < Level::Coerce {
            let violations = violations(&json, validator);
            return match violations.is_empty() {
                true => Repaired::made(text, edits, Vec::new()),
                false => {
                    let (reason, readings) = (Reason::Schema, Vec::new());
                    self.unfit(Unfit { reason, violations, readings, cost: 0, json })
                }
            };
        }
        match coerce(json, validator, self.options) {
            Ok(Coerced { patch, .. }) if patch.is_empty() => Repaired::made(text, edits, patch),
            Ok(Coerced { json, patch }) => Repaired::made(json.written(), edits, patch),
            Err(unfit) => self.unfit(unfit),
        }
    }

    /// The result where the value is read but does not conform: what is left of the faults.
    fn unfit(&self, unfit: Unfit) -> Repaired {
        let refused = Repaired::refused(Level::Coerce, unfit.reason, 0..self.text.len());
        let alternatives: Vec<String> = unfit.readings.iter().map(Json::written).collect();
        let costs = vec![unfit.cost; alternatives.len()];
        let (violations, unfit) = (unfit.violations, Some(unfit.json.written()));
        Repaired { violations, alternatives, costs, unfit, ..refused }
    }

    /// One of several values: they are equal, or one alone conforms, or a rule chooses.
    ///
    /// An array of all of them comes before a rule that chooses, as it loses nothing.
    fn choose(&self, outline: &Outline, results: &[Repaired]) -> Repaired {
        let canonical = |repaired: &Repaired| {
            let json = Json::parse(repaired.text.as_deref()?, self.options.depth).ok()?;
            Some(json.canonical())
        };
        let values: Vec<Option<String>> = results.iter().map(canonical).collect();
        let first = &values[0];
        if first.is_some() && values.iter().all(|value| value == first) {
            return self.only(outline, 0, (results, Rule::DropIdenticalDocument));
        }
        let fits: Vec<usize> =
            (0..results.len()).filter(|&index| values[index].is_some()).collect();
        let untouched = |index: &&usize| results[**index].patch.is_empty();
        let exact: Vec<&usize> = fits.iter().filter(untouched).collect();
        let only = match (fits.as_slice(), exact.as_slice()) {
            (&[only], _) | (_, &[&only]) => self.validator.map(|_| only),
            _ => None,
        };
        if let Some(only) = only.filter(|_| are_apart(outline, results)) {
            return self.only(outline, only, (results, Rule::DropOtherDocument));
        }
        if let Some(repaired) = self.sequence() {
            return repaired;
        }
        let allows =
            |rule| self.options.level == Level::Salvage && self.options.allow.contains(&rule);
        let chosen = match (allows(Salvage::First), allows(Salvage::Last)) {
            (true, false) => fits.first(),
            (false, true) => fits.last(),
            _ => None,
        };
        if let Some(&index) = chosen {
            let mut repaired = self.only(outline, index, (results, Rule::DropOtherDocument));
            (repaired.status, repaired.level) = (Status::Lossy, Level::Salvage);
            let others =
                repaired.edits.iter_mut().filter(|edit| edit.rule == Rule::DropOtherDocument);
            others.for_each(|edit| edit.class = Class::Lossy);
            return repaired;
        }
        let refused = Repaired::refused(Level::Salvage, Reason::MultipleValues, 0..self.text.len());
        let (alternatives, costs) = results
            .iter()
            .filter_map(|found| Some((found.text.clone()?, found.edits.len() + found.patch.len())))
            .unzip();
        Repaired { alternatives, costs, ..refused }
    }

    /// One value, and that the others are taken away by a rule.
    fn only(
        &self,
        outline: &Outline,
        index: usize,
        (results, rule): (&[Repaired], Rule),
    ) -> Repaired {
        let mut repaired = results[index].clone();
        let others: Vec<usize> =
            (0..outline.values.len()).filter(|&other| other != index).collect();
        for edit in repaired.edits.iter_mut().filter(|edit| edit.rule == Rule::StripProse) {
            let holds = |other: &usize| edit.span.contains(&outline.values[*other].start);
            if others.iter().any(holds) {
                edit.rule = rule;
            }
        }
        repaired
    }

    /// An array of what stands side by side without brackets, where the schema wants one.
    ///
    /// It is read with the brackets put around, and taken where that leaves nothing in doubt and is
    /// more than one item: a single value is wrapped where values are coerced.
    fn sequence(&self) -> Option<Repaired> {
        self.validator.filter(|_| self.options.level >= Level::Syntax)?;
        let inner = self.text.trim();
        let start = self.text.len() - self.text.trim_start().len();
        let wrapped = format!("[{inner}]");
        let region = Region { text: &wrapped, start: 0, ..self.region(0) };
        let parsed = read_value(region).ok()?.best;
        let has_words = parsed.edits.iter().any(|edit| edit.rule == Rule::QuoteValue);
        if !parsed.doubts.is_empty()
            || !parsed.words.is_empty()
            || has_words
            || parsed.end != wrapped.len()
        {
            return None;
        }
        let end = start + inner.len();
        let mut edits = vec![TextEdit::new(self.text, Rule::WrapArray, start..start, "[")];
        // Behind its bracket the wrapped text is the reply, from where it is not blank.
        for edit in parsed.edits {
            let span = (edit.span.start + start).checked_sub(1)?
                ..(edit.span.end + start).checked_sub(1)?;
            edits.push(TextEdit { span, ..edit });
        }
        edits.push(TextEdit::new(self.text, Rule::WrapArray, end..end, "]"));
        let edited = self.made(edits)?;
        let is_list = matches!(&edited.json, Some(Json::Array(items)) if items.len() > 1);
        let repaired = self.conform(edited);
        (is_list && repaired.text.is_some()).then_some(repaired)
    }

    /// A few words that are no JSON, as the string that the schema names: one of an enum.
    ///
    /// Where any text conforms it is none: a reply that declines would be one too.
    fn word(&self, doubt: &Doubt) -> Option<Repaired> {
        let validator = self.validator.filter(|_| self.options.level >= Level::Syntax)?;
        let inner = self.text.trim();
        let is_plain = inner.len() <= WORD && !inner.contains(['"', '\\', '\n']);
        if doubt.reason != Reason::NoJson || inner.is_empty() || !is_plain {
            return None;
        }
        let start = self.text.len() - self.text.trim_start().len();
        let (span, quoted) = (start..start + inner.len(), format!("\"{inner}\""));
        let edited = self.made(vec![TextEdit::new(self.text, Rule::QuoteValue, span, &quoted)])?;
        let is_any = Faults::of(&Json::String(UNKNOWN.into()), validator).list.is_empty();
        let repaired = (!is_any).then(|| self.conform(edited))?;
        let is_string = repaired.text.as_ref().is_some_and(|text| text.trim().starts_with('"'));
        is_string.then_some(repaired)
    }

    /// A text that was escaped as a whole, as if it stood in a string.
    ///
    /// Only where it is JSON afterwards, with nothing else wrong: what is escaped in parts is not.
    fn unescaped(&self) -> Option<Repaired> {
        let quotes = self.text.matches('"').count();
        let is_all = quotes > 0 && quotes == self.text.matches("\\\"").count();
        if !is_all {
            return None;
        }
        let edits: Vec<TextEdit> = self
            .text
            .match_indices(['\\'])
            .scan(0, |after, (at, _)| {
                // A backslash that is escaped itself is none that escapes.
                let is_escaped = at < *after;
                *after = if is_escaped { *after } else { at + 2 };
                Some(
                    (!is_escaped)
                        .then(|| TextEdit::new(self.text, Rule::UnescapeDocument, at..at + 1, "")),
                )
            })
            .flatten()
            .collect();
        Some(self.conform(self.made(edits)?))
    }
}

/// Whether values are surely several, and none the rest of another: each was read, whether it conforms or
/// not, and no bracket behind one of them closes what none of them opens.
fn are_apart(outline: &Outline, results: &[Repaired]) -> bool {
    let is_read = |repaired: &Repaired| {
        let judged = [Reason::Schema, Reason::Coercion, Reason::Enum];
        repaired.refusal.as_ref().is_none_or(|refusal| judged.contains(&refusal.reason))
    };
    let mut edits = outline.values.iter().flat_map(|found| &found.readings.best.edits);
    results.iter().all(is_read) && edits.all(|edit| edit.rule != Rule::DeleteCloser)
}

/// The level at which a doubt could be overruled.
fn needed(reason: Reason) -> Level {
    if reason.salvage().is_some() { Level::Salvage } else { Level::Syntax }
}

/// Whether the schema leaves no room in any object for a name more, nor in any array for an item more.
fn is_closed(json: &Json, validator: &Validator) -> bool {
    let mut wider = json.clone();
    let places = widen(&mut wider, String::new());
    let faults = Faults::of(&wider, validator);
    places.iter().all(|place| faults.count(place) > 0)
}

/// The longest text that is taken for a value of an enum.
const WORD: usize = 64;

/// A name, or a string, that no schema has.
const UNKNOWN: &str = "\u{1}unknown";

/// Puts a name that no schema has into every object; gives their pointers.
fn widen(json: &mut Json, pointer: String) -> Vec<String> {
    let mut places = Vec::new();
    match json {
        Json::Object(members) => {
            for (name, value) in members.iter_mut() {
                places.extend(widen(value, super::patch::child(&pointer, name)));
            }
            members.push((UNKNOWN.to_owned(), Json::Null));
            places.push(pointer);
        }
        Json::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                places.extend(widen(item, format!("{pointer}/{index}")));
            }
        }
        _ => {}
    }
    places
}
