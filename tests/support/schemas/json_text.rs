//! JSON values as they are written, so that numbers keep their spelling.

/// A value with its text.
#[derive(Debug, Clone)]
pub(crate) struct Json<'t> {
    /// As it stands in the source.
    pub(crate) text: &'t str,
    pub(crate) kind: Kind<'t>,
}

/// What a value is made of.
#[derive(Debug, Clone)]
pub(crate) enum Kind<'t> {
    /// A number, `true`, `false` or `null`.
    Atom,
    Text,
    Array(Vec<Json<'t>>),
    /// Keys as they are written, quotes included.
    Object(Vec<(&'t str, Json<'t>)>),
}

/// What stands between the parts of arrays and objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Separators {
    pub(crate) item: &'static str,
    pub(crate) key: &'static str,
}

impl Separators {
    /// Nothing but the separators themselves.
    pub(crate) const COMPACT: Self = Self { item: ",", key: ":" };
    /// A space behind each, as Python writes JSON.
    pub(crate) const SPACED: Self = Self { item: ", ", key: ": " };
}

impl<'t> Json<'t> {
    /// Reads a text of which `serde_json` says that it is JSON.
    ///
    /// # Panics
    /// When the text is no JSON.
    pub(crate) fn parse(text: &'t str) -> Self {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value();
        assert_eq!(reader.peek(), None, "nothing behind the value");
        value
    }

    /// The value of a key that is written without escapes.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        let Kind::Object(entries) = &self.kind else { return None };
        let is_key = |written: &str| written[1..written.len() - 1] == *key;
        entries.iter().find(|(written, _)| is_key(written)).map(|(_, value)| value)
    }

    /// The items of an array; of other values none.
    pub(crate) fn items(&self) -> &[Self] {
        match &self.kind {
            Kind::Array(items) => items,
            _ => &[],
        }
    }

    /// The string that a text stands for; `None` for other values, and for a lone surrogate.
    pub(crate) fn string(&self) -> Option<String> {
        matches!(self.kind, Kind::Text).then(|| serde_json::from_str(self.text).ok())?
    }

    /// The value written anew. Strings are escaped as `serde_json` does.
    pub(crate) fn written(&self, separators: Separators) -> String {
        let mut text = String::new();
        self.write(&mut text, separators);
        text
    }

    fn write(&self, out: &mut String, separators: Separators) {
        match &self.kind {
            Kind::Atom => out.push_str(self.text),
            Kind::Text => out.push_str(&escaped(self.text)),
            Kind::Array(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { separators.item });
                    item.write(out, separators);
                }
                out.push(']');
            }
            Kind::Object(entries) => {
                out.push('{');
                for (index, (key, value)) in entries.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { separators.item });
                    out.push_str(&escaped(key));
                    out.push_str(separators.key);
                    value.write(out, separators);
                }
                out.push('}');
            }
        }
    }
}

/// A string in the escapes of `serde_json`; one with a lone surrogate stays as it is.
fn escaped(written: &str) -> String {
    match serde_json::from_str::<String>(written) {
        Ok(string) => serde_json::Value::String(string).to_string(),
        Err(_) => written.to_owned(),
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn peek(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        self.text.as_bytes().get(self.at).copied()
    }

    fn value(&mut self) -> Json<'t> {
        let first = self.peek();
        let start = self.at;
        let kind = match first {
            Some(b'{') => Kind::Object(self.list(b'}', |reader| {
                reader.peek();
                let key = reader.string();
                assert_eq!(reader.peek(), Some(b':'), "a colon at byte {}", reader.at);
                reader.at += 1;
                (key, reader.value())
            })),
            Some(b'[') => Kind::Array(self.list(b']', Self::value)),
            Some(b'"') => {
                self.string();
                Kind::Text
            }
            _ => {
                let rest = self.text[self.at..].bytes();
                self.at += rest.take_while(|&byte| is_atom(byte)).count();
                assert!(self.at > start, "a value at byte {start}");
                Kind::Atom
            }
        };
        Json { text: &self.text[start..self.at], kind }
    }

    fn list<T>(&mut self, close: u8, part: impl Fn(&mut Self) -> T) -> Vec<T> {
        let mut parts = Vec::new();
        self.at += 1;
        if self.peek() == Some(close) {
            self.at += 1;
            return parts;
        }
        loop {
            parts.push(part(self));
            let next = self.peek();
            self.at += 1;
            match next {
                Some(b',') => {}
                Some(byte) if byte == close => return parts,
                _ => panic!("a list without an end at byte {}", self.at),
            }
        }
    }

    /// A string with its quotes.
    fn string(&mut self) -> &'t str {
        let start = self.at;
        let mut is_escaped = true;
        for byte in self.text[start..].bytes() {
            self.at += 1;
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'"' => return &self.text[start..self.at],
                _ => {}
            }
        }
        panic!("a string without an end from byte {start}");
    }
}

fn is_atom(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)
}
