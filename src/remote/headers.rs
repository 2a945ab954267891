//! The headers of a response, as far as the client reads them.

/// Headers by their names in lower case.
///
/// ```
/// use tokenrail::remote::Headers;
///
/// let headers: Headers = [("Retry-After", "20")].into_iter().collect();
/// assert_eq!(headers.get("retry-after"), Some("20"));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// The first header of a name in lower case.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let header = self.0.iter().find(|(known, _)| known == name);
        header.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }
}

impl<N: AsRef<str>, V: Into<String>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(headers: I) -> Self {
        let headers = headers.into_iter();
        Self(headers.map(|(name, value)| (name.as_ref().to_lowercase(), value.into())).collect())
    }
}
