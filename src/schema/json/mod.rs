//! JSON values whose numbers stay as they were written.
//!
//! `1`, `1.0` and a number of 200 digits are different texts that a schema may name; a value that
//! holds them as 64-bit floats would lose what it says. Members of objects keep their order.
//!
//! Invariants: no array or object is nested deeper than the limit that the value was read with, so
//! that recursion over a value is bounded; no object has two members of one name.

mod parser;

#[cfg(test)]
use serde_json::Map;
use serde_json::Value;

use super::number::Decimal;

/// A JSON value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    /// As written.
    Number(Box<str>),
    /// With its escapes decoded.
    String(Box<str>),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// Why a value cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum JsonError {
    Syntax {
        what: String,
        line: usize,
        column: usize,
    },
    /// A place at which the limit is passed.
    Depth {
        line: usize,
        column: usize,
    },
}

/// A value is nested deeper than its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooDeep;

impl Json {
    /// Reads a text that is one value, by RFC 8259.
    ///
    /// # Errors
    /// [`JsonError`] where it is none, where an object has two members of one name, where an escape
    /// is half a surrogate pair, and where nesting passes `depth`.
    pub(crate) fn parse(text: &str, depth: usize) -> Result<Self, JsonError> {
        parser::Parser::new(text, depth).parse()
    }

    /// Whether a text is one value, as [`Json::parse`] reads it. Nothing of it is kept.
    pub(crate) fn is_one(text: &str, depth: usize) -> bool {
        parser::Parser::new(text, depth).parse::<()>().is_ok()
    }

    /// The value that `value` is.
    ///
    /// # Errors
    /// [`TooDeep`] where nesting passes `depth`.
    pub(crate) fn from_value(value: &Value, depth: usize) -> Result<Self, TooDeep> {
        // The depth is counted down, so that recursion ends where the limit is.
        let inner = |value: &Value| {
            let depth = depth.checked_sub(1).ok_or(TooDeep)?;
            Self::from_value(value, depth)
        };
        Ok(match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::Number(number.to_string().into()),
            Value::String(text) => Self::String(text.as_str().into()),
            Value::Array(_) | Value::Object(_) if depth == 0 => return Err(TooDeep),
            Value::Array(items) => Self::Array(items.iter().map(inner).collect::<Result<_, _>>()?),
            Value::Object(members) => {
                let member = |(key, value): (&String, &Value)| Ok((key.clone(), inner(value)?));
                Self::Object(members.iter().map(member).collect::<Result<_, _>>()?)
            }
        })
    }

    /// The same as a value of `serde_json`; `None` where a number is beyond its range.
    #[cfg(test)]
    pub(crate) fn to_value(&self) -> Option<Value> {
        Some(match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(text) => Value::Number(text.parse().ok()?),
            Self::String(text) => Value::String(text.to_string()),
            Self::Array(items) => {
                Value::Array(items.iter().map(Self::to_value).collect::<Option<_>>()?)
            }
            Self::Object(members) => {
                let member = |(key, value): &(String, Self)| Some((key.clone(), value.to_value()?));
                Value::Object(members.iter().map(member).collect::<Option<Map<_, _>>>()?)
            }
        })
    }

    /// Its text on one line, with its numbers as they were written.
    pub(crate) fn written(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) {
        match self {
            Self::Null => text.push_str("null"),
            Self::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
            Self::Number(number) => text.push_str(number),
            Self::String(string) => text.push_str(&Value::from(&**string).to_string()),
            Self::Array(items) => {
                text.push('[');
                for (index, item) in items.iter().enumerate() {
                    text.push_str(if index == 0 { "" } else { "," });
                    item.write(text);
                }
                text.push(']');
            }
            Self::Object(members) => {
                text.push('{');
                for (index, (name, value)) in members.iter().enumerate() {
                    text.push_str(if index == 0 { "" } else { "," });
                    text.push_str(&Value::from(name.as_str()).to_string());
                    text.push(':');
                    value.write(text);
                }
                text.push('}');
            }
        }
    }

    /// One text for each value: numbers by what they are, members by their names. It is JSON, but for
    /// numbers that are out of every range.
    pub(crate) fn canonical(&self) -> String {
        match self {
            Self::Number(text) => match Decimal::parse(text) {
                Some(value) => value.to_string(),
                None => text.to_string(),
            },
            Self::Array(items) => {
                let items: Vec<String> = items.iter().map(Self::canonical).collect();
                format!("[{}]", items.join(","))
            }
            Self::Object(members) => {
                let mut members: Vec<String> = members
                    .iter()
                    .map(|(name, value)| {
                        format!("{}:{}", Value::from(name.as_str()), value.canonical())
                    })
                    .collect();
                members.sort_unstable();
                format!("{{{}}}", members.join(","))
            }
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::String(text) => Value::from(&**text).to_string(),
        }
    }

    /// The member of an object; `None` also where this is no object.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// What a JSON pointer leads to, and the numbers of the children on the way.
    pub(crate) fn locate(&self, pointer: &str) -> Option<(Vec<u32>, &Self)> {
        let (mut path, mut value) = (Vec::new(), self);
        // The empty pointer is the whole; all others begin with a slash.
        let rest = match pointer.strip_prefix('/') {
            None => return pointer.is_empty().then_some((path, value)),
            Some(rest) => rest,
        };
        for token in rest.split('/') {
            let index;
            (index, value) = match value {
                Self::Array(items) => {
                    // An index has one spelling, so that a place has one pointer.
                    // RFC 6901, section 4: no leading zeros, no signs.
                    let is_index = token == "0"
                        || token.bytes().all(|byte| byte.is_ascii_digit())
                            && !token.starts_with('0');
                    let index: usize = token.parse().ok().filter(|_| is_index)?;
                    (index, items.get(index)?)
                }
                Self::Object(members) => {
                    let key = unescape(token)?;
                    let index = members.iter().position(|(name, _)| *name == key)?;
                    (index, &members[index].1)
                }
                _ => return None,
            };
            path.push(u32::try_from(index).ok()?);
        }
        Some((path, value))
    }

    /// What a path that [`locate`](Self::locate) found leads to. It costs as many steps as the path
    /// is long, however wide objects are.
    pub(crate) fn follow(&self, path: &[u32]) -> Option<&Self> {
        path.iter().try_fold(self, |value, &index| match value {
            Self::Array(items) => items.get(index as usize),
            Self::Object(members) => members.get(index as usize).map(|(_, value)| value),
            _ => None,
        })
    }

    /// Names what it is for an error: scalars as they are when they are short, the rest by kind. An
    /// error should show what stands there, and stay one line.
    pub(crate) fn describe(&self) -> String {
        const SHORT: usize = 40;
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Number(text) if text.len() <= SHORT => text.to_string(),
            Self::Number(_) => "a number".to_owned(),
            Self::String(text) if text.len() <= SHORT => format!("{text:?}"),
            Self::String(_) => "a string".to_owned(),
            Self::Array(_) => "an array".to_owned(),
            Self::Object(_) => "an object".to_owned(),
        }
    }
}

/// A key as a JSON pointer writes it.
pub(crate) fn escape(key: &str) -> String {
    if key.contains(['~', '/']) {
        key.replace('~', "~0").replace('/', "~1")
    } else {
        key.to_owned()
    }
}

/// The key that a JSON pointer writes so; `None` where `~` stands before neither `0` nor `1`.
pub(crate) fn unescape(token: &str) -> Option<String> {
    let mut parts = token.split('~');
    let mut key = parts.next()?.to_owned();
    for part in parts {
        let (char, rest) = match part.as_bytes().first()? {
            // By the order of RFC 6901, section 4, `~01` is `~1` and not `/`: each `~` takes one
            // digit.
            b'0' => ('~', &part[1..]),
            b'1' => ('/', &part[1..]),
            _ => return None,
        };
        key.push(char);
        key.push_str(rest);
    }
    Some(key)
}

#[cfg(test)]
mod tests;
