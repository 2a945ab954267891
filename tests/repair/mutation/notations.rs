//! Calls written in 26 notations, whole and damaged.
//!
//! The notations are data (`tests/data/repair/notations.json`): what stands before the arguments and behind
//! them, and how they are written between. Text is damaged as JSON and then spelled as the notation does.

use serde_json::{Map, Value, json};

use super::kinds::{Kind, To, WORDS};

/// A call in a notation.
pub(crate) struct Call<'c> {
    /// Kinds of damage that notations cannot have.
    pub(crate) not: &'c Value,
    pub(crate) notation: &'c Value,
    pub(crate) name: &'c str,
    pub(crate) arguments: &'c Value,
}

impl Call<'_> {
    /// The call as it should be; `None` where the notation cannot write it.
    pub(crate) fn whole(&self) -> Option<String> {
        let text = self.body(None)?;
        Some(format!("{}{text}{}", self.before(), self.behind().concat()))
    }

    /// Why the notation cannot have a kind of damage.
    pub(crate) fn cannot(&self, kind: &Kind) -> Option<&str> {
        let rows = ["body", "format"].map(|key| self.notation[key].as_str().unwrap_or_default());
        rows.into_iter().find_map(|row| self.not[row][kind.name].as_str())
    }

    /// The call with some damage; `None` where that cannot be done to it.
    pub(crate) fn damaged(&self, kind: &Kind, seed: usize) -> Option<String> {
        if self.cannot(kind).is_some() {
            return None;
        }
        match kind.to {
            To::Reply => (kind.damage)(&self.whole()?, self.arguments, seed),
            To::End => self.open(kind, seed),
            To::Text | To::Value => {
                let text = self.body(Some((kind, seed)))?;
                Some(format!("{}{text}{}", self.before(), self.behind().concat()))
            }
        }
    }

    fn text(&self, key: &str) -> String {
        self.notation[key].as_str().unwrap_or_default().replace("$name", self.name)
    }

    fn before(&self) -> String {
        self.text("before")
    }

    fn behind(&self) -> Vec<&str> {
        let behind = self.notation["behind"].as_array().into_iter().flatten();
        behind.filter_map(Value::as_str).collect()
    }

    /// Some of what ends the call is missing: marks, or all of them and brackets of the arguments.
    fn open(&self, kind: &Kind, seed: usize) -> Option<String> {
        let (mut text, behind) = (self.body(None)?, self.behind());
        if seed.is_multiple_of(2) || behind.is_empty() {
            match self.notation["body"].as_str()? {
                "tags" => {
                    let end = self.notation["pair"][1].as_str()?;
                    text.truncate(text.strip_suffix(end)?.len());
                }
                "python" => {}
                _ => text = (kind.damage)(&text, self.arguments, seed / 2)?,
            }
            return Some(format!("{}{text}", self.before()));
        }
        let kept = seed / 2 % behind.len();
        Some(format!("{}{text}{}", self.before(), behind[..kept].concat()))
    }

    /// The arguments, or what stands between the marks.
    fn body(&self, damage: Option<(&Kind, usize)>) -> Option<String> {
        match self.notation["body"].as_str()? {
            "json" => self.object(damage),
            "tags" => self.tags(damage),
            "python" => self.python(damage),
            _ => self.delimited(damage),
        }
    }

    fn object(&self, damage: Option<(&Kind, usize)>) -> Option<String> {
        let object = |arguments: &str| self.text("text").replace("$arguments", arguments);
        let text = object(&self.arguments.to_string());
        match damage {
            None => Some(text),
            Some((kind, seed)) if kind.to == To::Text => (kind.damage)(&text, self.arguments, seed),
            Some((kind, seed)) => Some(object(&(kind.damage)("", self.arguments, seed)?)),
        }
    }

    /// Strings as they are, all else as JSON, of which one is damaged.
    fn tags(&self, damage: Option<(&Kind, usize)>) -> Option<String> {
        let members = self.arguments.as_object()?;
        let mut pairs: Vec<(String, String)> = members.iter().map(plain).collect();
        match damage {
            None => {}
            Some((kind, seed)) if kind.to == To::Text => {
                let damaged = |(at, (_, value)): (usize, (&String, &Value))| {
                    let text = (kind.damage)(&value.to_string(), value, seed)?;
                    (!value.is_string()).then_some((at, text))
                };
                let fitting: Vec<(usize, String)> =
                    members.iter().enumerate().filter_map(damaged).collect();
                let (at, text) = fitting.get(seed % fitting.len().max(1))?.clone();
                pairs[at].1 = text;
            }
            Some((kind, seed)) => {
                let damaged = (kind.damage)("", self.arguments, seed)?;
                let damaged: Map<String, Value> = serde_json::from_str(&damaged).ok()?;
                for (((name, text), (_, was)), (key, now)) in
                    pairs.iter_mut().zip(members).zip(&damaged)
                {
                    name.clone_from(key);
                    if was != now {
                        *text = now.to_string();
                    }
                }
            }
        }
        let marks = &self.notation["pair"];
        let (open, close) = (marks[0].as_str()?, marks[1].as_str()?);
        let pair = |((name, text), value): (&(String, String), &Value)| {
            let is_string = value.is_string().to_string();
            let open = open.replace("$key", name).replace("$string", &is_string);
            format!("{open}{text}{close}")
        };
        Some(pairs.iter().zip(members.values()).map(pair).collect())
    }

    fn python(&self, damage: Option<(&Kind, usize)>) -> Option<String> {
        let (text, is_literal) = self.json(damage)?;
        let spelled = keywords(&if is_literal { text } else { with_words(&text, &WORDS) })?;
        match damage {
            // The first name is in quotes.
            Some((kind, _)) if kind.name == "quotes" => {
                let (name, rest) = spelled.split_once('=')?;
                Some(format!("\"{name}\"={rest}"))
            }
            _ => Some(spelled),
        }
    }

    fn delimited(&self, damage: Option<(&Kind, usize)>) -> Option<String> {
        let quote = self.notation["quote"].as_str()?;
        let spelled = delimited(&self.json(damage)?.0, quote)?;
        match damage {
            // The first string has quotes of JSON.
            Some((kind, _)) if kind.name == "quotes" => {
                let mut parts: Vec<&str> = spelled.splitn(3, quote).collect();
                let is_plain = !parts.get(1)?.contains(['"', '\\', '\n', '\t']);
                parts.insert(1, "\"");
                parts.insert(3, "\"");
                is_plain.then(|| parts.concat())
            }
            _ => Some(spelled),
        }
    }

    /// The arguments as JSON, before they are spelled in another way, and whether their literals stay.
    fn json(&self, damage: Option<(&Kind, usize)>) -> Option<(String, bool)> {
        let text = self.arguments.to_string();
        match damage {
            None => Some((text, false)),
            // Notations have quotes of their own, and Python has literals of its own.
            Some((kind, _)) if kind.name == "quotes" => Some((text, false)),
            Some((kind, _)) if kind.name == "literals" && self.notation["body"] == "python" => {
                (with_words(&text, &WORDS) != text).then_some((text, true))
            }
            Some((kind, seed)) => Some(((kind.damage)(&text, self.arguments, seed)?, false)),
        }
    }
}

fn plain((name, value): (&String, &Value)) -> (String, String) {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    (name.clone(), text)
}

/// A text of JSON in parts that are strings, which is told of each, or stand between them.
fn parts(text: &str) -> Vec<(&str, bool)> {
    let (mut parts, mut begin, mut escaped, mut inside) = (Vec::new(), 0, false, false);
    for (at, char) in text.char_indices() {
        if char == '"' && !escaped {
            let end = if inside { at + 1 } else { at };
            parts.push((&text[begin..end], inside));
            (begin, inside) = (end, !inside);
        }
        escaped = inside && char == '\\' && !escaped;
    }
    parts.push((&text[begin..], false));
    parts
}

/// A text of JSON with some words outside strings written as others.
pub(crate) fn with_words(text: &str, words: &[[&str; 2]]) -> String {
    let part = |(part, is_string): (&str, bool)| match is_string {
        true => part.to_owned(),
        false => words.iter().fold(part.to_owned(), |text, [was, now]| text.replace(was, now)),
    };
    parts(text).into_iter().map(part).collect()
}

/// A name that needs no quotes.
fn bare(part: &str) -> Option<String> {
    let name: String = serde_json::from_str(part).ok()?;
    let is_word = name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_');
    (is_word && name.starts_with(|char: char| char.is_ascii_alphabetic())).then_some(name)
}

/// The members of an object as the arguments of a call in Python.
fn keywords(text: &str) -> Option<String> {
    let parts = parts(text);
    let (mut spelled, mut depth, mut is_name) = (String::new(), 0_usize, false);
    for (at, &(part, is_string)) in parts.iter().enumerate() {
        if is_string {
            is_name = depth == 1 && parts[at + 1].0.trim_start().starts_with(':');
            spelled += &if is_name { bare(part)? } else { part.to_owned() };
            continue;
        }
        for char in part.chars() {
            match char {
                '{' | '[' => depth += 1,
                '}' | ']' => depth = depth.checked_sub(1)?,
                _ => {}
            }
            let is_outer = char == '{' && depth == 1 || char == '}' && depth == 0;
            match char {
                ':' if is_name => spelled.push('='),
                _ if is_outer => {}
                _ => spelled.push(char),
            }
            is_name &= char != ':';
        }
    }
    Some(spelled)
}

/// A text of JSON with other quotes around strings, and none around names.
fn delimited(text: &str, quote: &str) -> Option<String> {
    let parts = parts(text);
    let mut spelled = String::new();
    for (at, &(part, is_string)) in parts.iter().enumerate() {
        let is_name = is_string && parts[at + 1].0.trim_start().starts_with(':');
        match (is_string, is_name) {
            (false, _) => spelled += part,
            (true, true) => spelled += &bare(part)?,
            (true, false) => {
                let string: String = serde_json::from_str(part).ok()?;
                if string.contains(quote) {
                    return None;
                }
                spelled += &format!("{quote}{string}{quote}");
            }
        }
    }
    Some(spelled)
}

/// The schema of the calls that come with the notations.
pub(crate) fn schema() -> Value {
    let number = json!({"type": "number"});
    let closed = |properties: Value| json!({"type": "object", "properties": properties, "additionalProperties": false});
    closed(json!({
        "city": {"type": "string"},
        "days": {"type": "integer"},
        "text": {"type": "string"},
        "count": number,
        "on": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "path": {"type": "string"},
        "note": {"type": ["string", "null"]},
        "box": closed(json!({"left": number, "right": number, "label": {"type": "string"}})),
        "list": {"type": "array", "items": closed(json!({
            "id": {"type": "integer"}, "ok": {"type": ["boolean", "null"]},
        }))},
    }))
}
