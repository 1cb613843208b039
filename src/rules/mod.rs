//! stub
use crate::base::*;
use crate::ports::*;
use crate::protocol::Receipt;
use std::collections::BTreeMap;
pub type Facts = BTreeMap<String, FactValue>;
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(untagged)]
pub enum FactValue {
    Text(String),
    Number(f64),
    Bool(bool),
    List(Vec<FactValue>),
}
impl FactValue {
    pub fn from_json(v: &serde_json::Value) -> Option<FactValue> {
        Some(match v {
            serde_json::Value::String(s) => FactValue::Text(s.clone()),
            serde_json::Value::Bool(b) => FactValue::Bool(*b),
            serde_json::Value::Number(n) => FactValue::Number(n.as_f64()?),
            serde_json::Value::Array(a) => {
                FactValue::List(a.iter().filter_map(FactValue::from_json).collect())
            }
            _ => return None,
        })
    }
}
#[derive(Debug, Clone)]
pub enum Action {
    RequireApproval { role: Role, because: String },
    SetStatus { status: String },
    Label { add: Vec<String>, remove: Vec<String> },
    Assign { role: Role },
    Notify { text: String },
    SetField { field: String, value: serde_json::Value },
    HandOver { because: String },
}
impl Action {
    pub fn describe(&self) -> String {
        format!("{self:?}")
    }
}
#[derive(Debug, Clone)]
pub struct Run {
    pub rule: RuleId,
    pub name: String,
    pub version: i64,
    pub matched: bool,
}
pub struct Decided {
    pub runs: Vec<Run>,
    pub actions: Vec<(RuleId, Action)>,
}
pub struct Rule;
pub fn decide(_: &[Rule], _: &str, _: &Facts) -> Decided {
    Decided { runs: vec![], actions: vec![] }
}
pub async fn list(_: &Cx, _: &mut Tx) -> Result<Vec<Rule>, Error> {
    Ok(vec![])
}
pub async fn record_run(
    _: &Cx,
    _: &mut Tx,
    _: TurnId,
    _: ConversationId,
    _: &Run,
    _: &[Receipt],
) -> Result<(), Error> {
    Ok(())
}
pub fn routes() -> utoipa_axum::router::OpenApiRouter<crate::identity::Site> {
    utoipa_axum::router::OpenApiRouter::new()
}
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("x")]
    Db(#[from] DbError),
}
pub async fn install_all(_: &Cx, _: &mut Tx, _: &str) -> Result<(), Error> {
    Ok(())
}
