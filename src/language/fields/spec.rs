//! What a field is: read from a context schema or from the plain form of the evaluation kit.

use serde_json::Value;

use super::FieldType;
use super::affinity::Profile;

/// One allowed value of a choice field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What is stored.
    pub value: String,
    /// What people see.
    pub label: String,
    /// Other words for it.
    pub synonyms: Vec<String>,
}

impl Choice {
    /// A choice that is its own label.
    pub fn plain(value: &str) -> Self {
        Choice { value: value.to_owned(), label: value.to_owned(), synonyms: Vec::new() }
    }
}

/// A field of a context schema.
#[derive(Debug, Clone)]
pub struct FieldSpec {
    /// The name in the record.
    pub key: String,
    /// The name people see.
    pub label: String,
    /// Its type.
    pub kind: FieldType,
    /// What it holds, in plain words.
    pub hint: Option<String>,
    /// The question that asks for it.
    pub ask: Option<String>,
    /// The values it may take; empty where any will do.
    pub choices: Vec<Choice>,
    /// True when a record is not complete without it.
    pub required: bool,
    /// How much it counts for completion.
    pub weight: f64,
    /// Least and greatest number, where the schema sets them.
    pub range: (Option<f64>, Option<f64>),
    pub(super) profile: Profile,
}

/// A schema that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaFault {
    /// There is no `properties` object or no `fields` list.
    #[error("the schema declares no fields")]
    NoFields,
    /// A field has no type that is known.
    #[error("field {field} has the unknown type {kind:?}")]
    UnknownType {
        /// The field.
        field: String,
        /// The word it gives as its type.
        kind: String,
    },
}

impl FieldSpec {
    /// A field with a key, a label and a type, and nothing else said.
    pub fn new(key: &str, label: &str, kind: FieldType) -> Self {
        let mut spec = FieldSpec {
            key: key.to_owned(),
            label: label.to_owned(),
            kind,
            hint: None,
            ask: None,
            choices: Vec::new(),
            required: false,
            weight: 1.0,
            range: (None, None),
            profile: Profile::default(),
        };
        spec.profile = Profile::of(&spec);
        spec
    }

    /// The same field with a hint.
    #[must_use]
    pub fn with_hint(mut self, hint: &str) -> Self {
        self.hint = Some(hint.to_owned());
        self.profile = Profile::of(&self);
        self
    }

    /// The same field with the question that asks for it.
    #[must_use]
    pub fn with_ask(mut self, ask: &str) -> Self {
        self.ask = Some(ask.to_owned());
        self.profile = Profile::of(&self);
        self
    }

    /// The same field with its allowed values.
    #[must_use]
    pub fn with_choices(mut self, choices: Vec<Choice>) -> Self {
        self.choices = choices;
        self.profile = Profile::of(&self);
        self
    }

    /// Reads the fields of a JSON Schema with our annotations (`x-type`, `x-hint`, `x-ask`, …), in order.
    pub fn from_schema(schema: &Value) -> Result<Vec<FieldSpec>, SchemaFault> {
        let properties = schema.get("properties").and_then(Value::as_object).ok_or(SchemaFault::NoFields)?;
        let required: Vec<&str> = texts(schema.get("required"));
        properties
            .iter()
            .map(|(key, property)| {
                let kind = kind_of(key, property)?;
                let mut spec = FieldSpec::new(key, text(property, "title").unwrap_or(key), kind);
                spec.hint =
                    text(property, "x-hint").or_else(|| text(property, "description")).map(str::to_owned);
                spec.ask = text(property, "x-ask").map(str::to_owned);
                spec.required = required.contains(&key.as_str());
                spec.weight = property.get("x-weight").and_then(Value::as_f64).unwrap_or(1.0);
                spec.choices = choices(property);
                let bound = |name| property.get(name).and_then(Value::as_f64);
                spec.range = (bound("minimum"), bound("maximum"));
                spec.profile = Profile::of(&spec);
                Ok(spec)
            })
            .collect()
    }

    /// Reads the plain form `{"fields":[{"name","type","description","values"?}]}`.
    pub fn from_plain(schema: &Value) -> Result<Vec<FieldSpec>, SchemaFault> {
        let fields = schema.get("fields").and_then(Value::as_array).ok_or(SchemaFault::NoFields)?;
        fields
            .iter()
            .map(|field| {
                let key = text(field, "name").unwrap_or_default();
                let word = text(field, "type").unwrap_or("text");
                let kind = word
                    .parse()
                    .map_err(|_| SchemaFault::UnknownType { field: key.to_owned(), kind: word.to_owned() })?;
                let mut spec = FieldSpec::new(key, key, kind);
                spec.hint = text(field, "description").map(str::to_owned);
                if kind != FieldType::Boolean {
                    spec.choices = texts(field.get("values")).into_iter().map(Choice::plain).collect();
                }
                spec.profile = Profile::of(&spec);
                Ok(spec)
            })
            .collect()
    }
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

fn texts(value: Option<&Value>) -> Vec<&str> {
    value
        .and_then(Value::as_array)
        .map(|list| list.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default()
}

/// The annotated type, or the one the plain JSON Schema words imply.
fn kind_of(key: &str, property: &Value) -> Result<FieldType, SchemaFault> {
    if let Some(word) = text(property, "x-type") {
        return word
            .parse()
            .map_err(|_| SchemaFault::UnknownType { field: key.to_owned(), kind: word.to_owned() });
    }
    let listed = property.get("enum").is_some();
    Ok(match (text(property, "type"), text(property, "format")) {
        (Some("boolean"), _) => FieldType::Boolean,
        (Some("integer" | "number"), _) => FieldType::Number,
        (Some("array"), _) if property.pointer("/items/enum").is_some() => FieldType::MultiChoice,
        (Some("array"), _) => FieldType::Tags,
        (_, _) if listed => FieldType::Choice,
        (_, Some("date")) => FieldType::Date,
        (_, Some("time")) => FieldType::Time,
        (_, Some("date-time")) => FieldType::Datetime,
        (_, Some("duration")) => FieldType::Duration,
        (_, Some("email")) => FieldType::Email,
        (_, Some("uri")) => FieldType::Url,
        _ => FieldType::Text,
    })
}

fn choices(property: &Value) -> Vec<Choice> {
    let listed = property.get("enum").or_else(|| property.pointer("/items/enum"));
    let labels = property.get("x-labels");
    let synonyms = property.get("x-synonyms");
    listed
        .and_then(Value::as_array)
        .map(|values| {
            values
                .iter()
                .filter_map(|value| match value {
                    Value::String(word) => Some(word.clone()),
                    Value::Number(number) => Some(number.to_string()),
                    _ => None,
                })
                .map(|value| Choice {
                    label: labels.and_then(|l| text(l, &value)).unwrap_or(&value).to_owned(),
                    synonyms: texts(synonyms.and_then(|s| s.get(&value)))
                        .into_iter()
                        .map(str::to_owned)
                        .collect(),
                    value,
                })
                .collect()
        })
        .unwrap_or_default()
}
