//! Reads expressions of C as a compiler does: first tokens, each as long as it can be, then a parser
//! by precedences. It knows no rule of the grammar that it judges.

use regex_automata::nfa::thompson::pikevm::PikeVM;

const KEYWORDS: &str = " auto break case char const continue default do double else enum extern \
     float for goto if inline int long register restrict return short signed sizeof static struct \
     switch typedef union unsigned void volatile while _Bool ";
const PUNCTUATORS: [&str; 42] = [
    "<<=", ">>=", "->", "++", "--", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "*=", "/=",
    "%=", "+=", "-=", "&=", "^=", "|=", "[", "]", "(", ")", ".", "&", "*", "+", "-", "~", "!", "/",
    "%", "<", ">", "^", "|", "?", ":", ",", "=",
];
const LEVELS: [&[&str]; 10] = [
    &["||"],
    &["&&"],
    &["|"],
    &["^"],
    &["&"],
    &["==", "!="],
    &["<", ">", "<=", ">="],
    &["<<", ">>"],
    &["+", "-"],
    &["*", "/", "%"],
];

/// Whether a text is one expression.
pub(crate) fn is_expression(text: &str) -> bool {
    let Some(tokens) = tokens(text) else { return false };
    let mut parser = Parser { tokens: &tokens };
    parser.expression().is_some() && parser.tokens.is_empty()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'t> {
    Name(&'t str),
    Keyword(&'t str),
    Constant,
    Text,
    Punctuator(&'t str),
}

fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    const ESCAPE: &str = r#"\\(?:['"?\\abfnrtv]|[0-7]{1,3}|x[0-9A-Fa-f]{1,8}|u[0-9A-Fa-f]{4})"#;
    let begins = |pattern: String| PikeVM::new(&format!(r"\A(?:{pattern})")).expect("a pattern");
    let name = begins("[A-Za-z_][A-Za-z0-9_]*".to_owned());
    let real = begins(
        r"(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fFlL]?|[0-9]+[eE][+-]?[0-9]+[fFlL]?"
            .to_owned(),
    );
    let suffix = "(?:[uU](?:ll|LL|[lL])?|(?:ll|LL|[lL])[uU]?)?";
    let whole = begins(format!("(?:0[xX][0-9A-Fa-f]+|0[0-7]*|[1-9][0-9]*){suffix}"));
    let string = begins(format!(r#""(?:[^"\\\x00-\x1F\x7F]|{ESCAPE})*""#));
    let letter = begins(format!(r"'(?:[^'\\\x00-\x1F\x7F]|{ESCAPE})'"));
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        let spaceless = rest.trim_start_matches(' ');
        if rest.len() - spaceless.len() > 8
            || ["//", "/*"].iter().any(|it| spaceless.starts_with(it))
        {
            return None;
        }
        rest = spaceless;
        let length = |pattern| longest(pattern, rest);
        let Some(first) = rest.chars().next() else { return Some(tokens) };
        let (token, length) = if let Some(length) = length(&name) {
            match &rest[..length] {
                word if KEYWORDS.contains(&format!(" {word} ")) => (Token::Keyword(word), length),
                word => (Token::Name(word), length),
            }
        } else if let Some(length) = length(&real).max(length(&whole)).or_else(|| length(&letter)) {
            (Token::Constant, length)
        } else if first == '"' {
            (Token::Text, length(&string)?)
        } else {
            let found = PUNCTUATORS.iter().find(|it| rest.starts_with(**it))?;
            (Token::Punctuator(found), found.len())
        };
        tokens.push(token);
        rest = &rest[length..];
    }
}

fn longest(pattern: &PikeVM, text: &str) -> Option<usize> {
    let found = pattern.find_iter(&mut pattern.create_cache(), text).next();
    found.map(|found| found.end())
}

/// What was read.
#[derive(Debug, PartialEq, Eq)]
enum Kind {
    /// It may stand left of an assignment.
    Unary,
    Other,
}

struct Parser<'t> {
    tokens: &'t [Token<'t>],
}

impl Parser<'_> {
    fn expression(&mut self) -> Option<()> {
        self.assignment()?;
        while self.eat(",") {
            self.assignment()?;
        }
        Some(())
    }

    fn assignment(&mut self) -> Option<()> {
        while self.conditional()? == Kind::Unary && self.eat_assignment() {}
        Some(())
    }

    fn conditional(&mut self) -> Option<Kind> {
        let kind = self.binary(0)?;
        if !self.eat("?") {
            return Some(kind);
        }
        self.expression()?;
        self.expect(":")?;
        self.conditional()?;
        Some(Kind::Other)
    }

    fn binary(&mut self, level: usize) -> Option<Kind> {
        let Some(operators) = LEVELS.get(level) else { return self.cast() };
        let mut kind = self.binary(level + 1)?;
        while operators.iter().any(|operator| self.eat(operator)) {
            self.binary(level + 1)?;
            kind = Kind::Other;
        }
        Some(kind)
    }

    fn cast(&mut self) -> Option<Kind> {
        if !self.bracketed_type()? {
            return self.unary();
        }
        self.cast()?;
        Some(Kind::Other)
    }

    fn unary(&mut self) -> Option<Kind> {
        if self.eat("++") || self.eat("--") {
            return self.unary();
        }
        if ["&", "*", "+", "-", "~", "!"].iter().any(|operator| self.eat(operator)) {
            self.cast()?;
            return Some(Kind::Unary);
        }
        if let [Token::Keyword("sizeof"), rest @ ..] = self.tokens {
            self.tokens = rest;
            return if self.bracketed_type()? { Some(Kind::Unary) } else { self.unary() };
        }
        self.postfix()
    }

    fn postfix(&mut self) -> Option<Kind> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        match first {
            // The grammar says that it leaves out what follows numbers.
            Token::Constant => return Some(Kind::Unary),
            Token::Name(_) => {}
            Token::Text => {
                while let [Token::Text, rest @ ..] = self.tokens {
                    self.tokens = rest;
                }
            }
            Token::Punctuator("(") => {
                self.expression()?;
                self.expect(")")?;
            }
            _ => return None,
        }
        while self.suffix()? {}
        Some(Kind::Unary)
    }

    /// Whether there was one; `None` where it is wrong.
    fn suffix(&mut self) -> Option<bool> {
        if self.eat("[") {
            self.expression()?;
            self.expect("]")?;
        } else if self.eat("(") {
            if !self.eat(")") {
                self.expression()?;
                self.expect(")")?;
            }
        } else if self.eat(".") || self.eat("->") {
            let [Token::Name(_), rest @ ..] = self.tokens else { return None };
            self.tokens = rest;
        } else {
            return Some(self.eat("++") || self.eat("--"));
        }
        Some(true)
    }

    /// Whether a type in brackets was there; `None` where it is wrong.
    fn bracketed_type(&mut self) -> Option<bool> {
        let [Token::Punctuator("("), Token::Keyword(first), ..] = self.tokens else {
            return Some(false);
        };
        if *first == "sizeof" {
            return Some(false);
        }
        self.tokens = &self.tokens[1..];
        let mut words = String::new();
        while let [Token::Keyword(word), rest @ ..] = self.tokens {
            words = words + word + " ";
            self.tokens = rest;
        }
        if let [Token::Name(_), rest @ ..] = self.tokens {
            words += "NAME ";
            self.tokens = rest;
        }
        let known = r"\A(const )?(void |_Bool |float |(long )?double |(struct|union|enum) NAME |(un)?signed |((un)?signed )?(char |int |(short |long (long )?)(int )?))\z";
        let is_known = longest(&PikeVM::new(known).expect("a pattern"), &words).is_some();
        let mut stars = 0;
        while self.eat("*") {
            stars += 1;
            if let [Token::Keyword("const"), rest @ ..] = self.tokens {
                self.tokens = rest;
            }
        }
        self.expect(")")?;
        (is_known && stars <= 4).then_some(true)
    }

    fn eat_assignment(&mut self) -> bool {
        match self.tokens {
            [Token::Punctuator(operator), rest @ ..]
                if operator.ends_with('=') && !["==", "!=", "<=", ">="].contains(operator) =>
            {
                self.tokens = rest;
                true
            }
            _ => false,
        }
    }

    fn eat(&mut self, operator: &str) -> bool {
        match self.tokens {
            [Token::Punctuator(next), rest @ ..] if *next == operator => {
                self.tokens = rest;
                true
            }
            _ => false,
        }
    }

    fn expect(&mut self, operator: &str) -> Option<()> {
        self.eat(operator).then_some(())
    }
}
