//! Formulas for completion and priority: `(known(work) * 2 + known(day)) / 3`.
//!
//! Numbers, `+ - * /`, brackets, `min`, `max`, `known(field)`, `number(field)`, and `weights`, the known
//! share of the fields' weights. Every formula ends: it has no loops, and its length and depth are bounded.

use serde_json::Value;

/// Longest formula, in characters, and how deep its brackets may go.
const MAX_LENGTH: usize = 500;
const MAX_DEPTH: usize = 24;

/// A formula that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Formula {
    text: String,
    term: Term,
}

#[derive(Debug, Clone, PartialEq)]
enum Term {
    Number(f64),
    Weights,
    Known(String),
    FieldNumber(String),
    Negative(Box<Term>),
    Binary(char, Box<Term>, Box<Term>),
    Extreme(bool, Vec<Term>),
}

/// What a formula looks at.
pub struct Facts<'a> {
    /// The value of a field, if it is known.
    pub known: &'a dyn Fn(&str) -> Option<&'a Value>,
    /// The known share of the weights, 0 to 1.
    pub weights: f64,
}

impl Formula {
    /// Reads a formula; says where it breaks.
    pub fn read(text: &str) -> Result<Formula, String> {
        if text.chars().count() > MAX_LENGTH {
            return Err(format!("a formula has at most {MAX_LENGTH} characters"));
        }
        let mut reader = Reader { rest: text, whole: text, depth: 0 };
        let term = reader.sum()?;
        reader.space();
        if !reader.rest.is_empty() {
            return Err(reader.wrong("an end or one of + - * /"));
        }
        Ok(Formula { text: text.to_owned(), term })
    }

    /// How it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The keys of the fields it looks at.
    pub fn fields(&self) -> Vec<&str> {
        let mut keys = Vec::new();
        self.term.fields(&mut keys);
        keys
    }

    /// Its value; says what failed, such as a division by nothing.
    pub fn value(&self, facts: &Facts<'_>) -> Result<f64, String> {
        let value = self.term.value(facts)?;
        if value.is_finite() { Ok(value) } else { Err("the result is not a number".to_owned()) }
    }
}

impl Term {
    fn fields<'a>(&'a self, keys: &mut Vec<&'a str>) {
        match self {
            Term::Known(key) | Term::FieldNumber(key) => keys.push(key),
            Term::Negative(term) => term.fields(keys),
            Term::Binary(_, left, right) => {
                left.fields(keys);
                right.fields(keys);
            }
            Term::Extreme(_, terms) => terms.iter().for_each(|term| term.fields(keys)),
            Term::Number(_) | Term::Weights => {}
        }
    }

    fn value(&self, facts: &Facts<'_>) -> Result<f64, String> {
        Ok(match self {
            Term::Number(number) => *number,
            Term::Weights => facts.weights,
            Term::Known(key) => f64::from(u8::from((facts.known)(key).is_some())),
            Term::FieldNumber(key) => (facts.known)(key)
                .and_then(|value| value.get("amount").unwrap_or(value).as_f64())
                .unwrap_or(0.0),
            Term::Negative(term) => -term.value(facts)?,
            Term::Binary(sign, left, right) => {
                let (left, divisor) = (left.value(facts)?, right.value(facts)?);
                match sign {
                    '+' => left + divisor,
                    '-' => left - divisor,
                    '*' => left * divisor,
                    _ if divisor == 0.0 => return Err(format!("{left} is divided by 0")),
                    _ => left / divisor,
                }
            }
            Term::Extreme(is_max, terms) => {
                let mut best: Option<f64> = None;
                for term in terms {
                    let value = term.value(facts)?;
                    best = Some(
                        best.map_or(value, |best| if *is_max { best.max(value) } else { best.min(value) }),
                    );
                }
                best.unwrap_or(0.0)
            }
        })
    }
}

struct Reader<'a> {
    rest: &'a str,
    whole: &'a str,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn wrong(&self, wanted: &str) -> String {
        let at = self.whole.chars().count() - self.rest.chars().count() + 1;
        format!("at character {at}: {wanted} is needed")
    }

    fn take(&mut self, sign: char) -> bool {
        self.space();
        let rest = self.rest.strip_prefix(sign);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn need(&mut self, sign: char) -> Result<(), String> {
        if self.take(sign) { Ok(()) } else { Err(self.wrong(&format!("{sign:?}"))) }
    }

    fn sum(&mut self) -> Result<Term, String> {
        self.chain(['+', '-'], Reader::product)
    }

    fn product(&mut self) -> Result<Term, String> {
        self.chain(['*', '/'], Reader::part)
    }

    fn chain(
        &mut self,
        signs: [char; 2],
        next: fn(&mut Reader<'a>) -> Result<Term, String>,
    ) -> Result<Term, String> {
        let mut term = next(self)?;
        loop {
            let Some(sign) = signs.into_iter().find(|sign| self.take(*sign)) else { return Ok(term) };
            self.space();
            let place = self.rest;
            let right = next(self)?;
            if sign == '/' && right == Term::Number(0.0) {
                self.rest = place;
                return Err(self.wrong("a divisor that is not 0"));
            }
            term = Term::Binary(sign, Box::new(term), Box::new(right));
        }
    }

    fn part(&mut self) -> Result<Term, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("brackets and signs go at most {MAX_DEPTH} deep"));
        }
        let term = self.bare_part();
        self.depth -= 1;
        term
    }

    fn bare_part(&mut self) -> Result<Term, String> {
        if self.take('-') {
            return Ok(Term::Negative(Box::new(self.part()?)));
        }
        if self.take('(') {
            let term = self.sum()?;
            self.need(')')?;
            return Ok(term);
        }
        let digits = self.word(|c| c.is_ascii_digit() || c == '.');
        if !digits.is_empty() {
            return digits.parse().map(Term::Number).map_err(|_| self.wrong("a number"));
        }
        let place = self.rest;
        match self.word(|c| c.is_ascii_alphanumeric() || c == '_') {
            "weights" => Ok(Term::Weights),
            "known" => Ok(Term::Known(self.key()?)),
            "number" => Ok(Term::FieldNumber(self.key()?)),
            name @ ("min" | "max") => {
                self.need('(')?;
                let mut terms = vec![self.sum()?];
                while self.take(',') {
                    terms.push(self.sum()?);
                }
                self.need(')')?;
                Ok(Term::Extreme(name == "max", terms))
            }
            _ => {
                self.rest = place;
                Err(self.wrong("a number, a bracket, weights, known(field), number(field), min or max"))
            }
        }
    }

    fn key(&mut self) -> Result<String, String> {
        self.need('(')?;
        self.space();
        let key = self.word(|c| c.is_ascii_alphanumeric() || c == '_').to_owned();
        if key.is_empty() {
            return Err(self.wrong("a field's key"));
        }
        self.need(')')?;
        Ok(key)
    }

    fn word(&mut self, is_part: impl Fn(char) -> bool) -> &'a str {
        self.space();
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn value(text: &str) -> Result<f64, String> {
        let (amount, day) = (json!({"amount": 250, "currency": "EUR"}), json!("2026-03-14"));
        let known = |key: &str| match key {
            "amount" => Some(&amount),
            "day" => Some(&day),
            _ => None,
        };
        Formula::read(text)?.value(&Facts { known: &known, weights: 0.5 })
    }

    #[test]
    fn formulas_compute() {
        for (text, wanted) in [
            ("1 + 2 * 3", 7.0),
            ("(1 + 2) * 3 - 4", 5.0),
            ("8 / 2 / 2", 2.0),
            ("-known(day) + 2", 1.0),
            ("min(100, number(amount) / 10 + known(work) * 50)", 25.0),
            ("max(weights, 0.2, known(work))", 0.5),
        ] {
            assert_eq!(value(text), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn what_breaks_is_named_with_its_place() {
        for (text, says) in [
            ("1 +", "at character 4: a number"),
            ("1 2", "at character 3: an end"),
            ("known(", "at character 7: a field's key"),
            ("1 / 0", "a divisor that is not 0"),
            ("1 / known(work)", "1 is divided by 0"),
            ("1 / (2 - 2)", "1 is divided by 0"),
            ("while(1)", "at character 1"),
            ("1..2", "a number"),
        ] {
            assert!(value(text).is_err_and(|error| error.contains(says)), "{text}: {:?}", value(text));
        }
        assert!(value(&"(".repeat(300)).is_err_and(|error| error.contains("deep")));
        assert!(value(&"1".repeat(501)).is_err_and(|error| error.contains("500 characters")));
        assert!(value(&format!("1{}", "0".repeat(400))).is_err_and(|error| error.contains("not a number")));
    }

    proptest! {
        #[test]
        fn nothing_makes_a_formula_panic(text in "[0-9a-z()+*/., -]{0,60}") {
            let _ = value(&text);
        }
    }
}
