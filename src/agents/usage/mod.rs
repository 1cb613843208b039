//! What models cost a business: how much of them it uses, how much it may, and what they were given.

mod model;
mod routes;
mod store;

pub use model::{Allowance, Overview, Settings, Totals, UseRow};
pub use routes::routes;

use std::time::Duration;

use crate::base::{ModelUseId, Timestamp, TurnId};
use crate::config::Models as Limits;
use crate::ports::models::{Answer, Use};
use crate::ports::{Cx, DbError, Tx};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// How much of models a workspace may use now.
pub async fn allowance(cx: &Cx, tx: &mut Tx, limits: &Limits) -> Result<Allowance, DbError> {
    let settings = settings(cx, tx).await?;
    let used = store::totals(tx, cx.workspace, day_of(cx.now)).await?;
    Ok(model::allowance(&settings, limits, &used))
}

/// A workspace's own settings.
pub async fn settings(cx: &Cx, tx: &mut Tx) -> Result<Settings, DbError> {
    Ok(store::settings(tx, cx.workspace).await?.unwrap_or_default())
}

/// Changes a workspace's own settings.
pub async fn change(cx: &Cx, tx: &mut Tx, settings: &Settings) -> Result<(), DbError> {
    store::save_settings(tx, cx.workspace, settings, cx.now).await
}

/// Notes what calls of models used, for a turn or for a test by a person.
pub async fn record(
    cx: &Cx,
    tx: &mut Tx,
    turn: Option<TurnId>,
    intent: Option<&str>,
    uses: &[Use],
) -> Result<(), DbError> {
    for (place, used) in (0..).zip(uses) {
        let id: ModelUseId = cx.id();
        // They keep their order.
        let at = cx.now.after(Duration::from_micros(place));
        store::insert(tx, cx.workspace, id, turn, intent, used, at).await?;
    }
    Ok(())
}

/// Keeps the texts that models were given, each under the hash of its words.
pub async fn keep_prompts(cx: &Cx, tx: &mut Tx, prompts: &[(String, String)]) -> Result<(), DbError> {
    for (hash, text) in prompts {
        store::keep_prompt(tx, cx.workspace, hash, text, cx.now).await?;
    }
    Ok(())
}

/// Keeps what models answered, each under the hash of what they were given: a replay asks the record.
pub async fn keep_answers(cx: &Cx, tx: &mut Tx, answers: &[(String, Answer)]) -> Result<(), DbError> {
    for (hash, answer) in answers {
        store::keep_answer(tx, cx.workspace, hash, answer, cx.now).await?;
    }
    Ok(())
}

/// What a model last answered to what has this hash.
pub async fn answer(cx: &Cx, tx: &mut Tx, hash: &str) -> Result<Option<Answer>, DbError> {
    store::answer(tx, cx.workspace, hash).await
}

/// The text with this hash.
pub async fn prompt(cx: &Cx, tx: &mut Tx, hash: &str) -> Result<Option<String>, DbError> {
    store::prompt(tx, cx.workspace, hash).await
}

/// The calls of models that a turn made, in order.
pub async fn of_turn(cx: &Cx, tx: &mut Tx, turn: TurnId) -> Result<Vec<UseRow>, DbError> {
    store::of_turn(tx, cx.workspace, turn).await
}

/// What a workspace used: today, in the last 30 days, and for what.
async fn overview(cx: &Cx, tx: &mut Tx) -> Result<Overview, DbError> {
    let since = Timestamp::from_micros(day_of(cx.now).as_micros() - 29 * DAY);
    Ok(Overview {
        today: store::totals(tx, cx.workspace, day_of(cx.now)).await?,
        month: store::totals(tx, cx.workspace, since).await?,
        by_intent: store::by_intent(tx, cx.workspace, since).await?,
    })
}

/// Midnight of a time's day, UTC.
fn day_of(at: Timestamp) -> Timestamp {
    Timestamp::from_micros(at.as_micros() - at.as_micros().rem_euclid(DAY))
}
