//! The rules of a workspace, made ready to decide quickly.
//!
//! The rules of a trigger share their facts: each fact of an event is looked up and folded once. A rule that
//! cannot match unless a fact has a certain value (or any at all) stands in an index under that value, so an
//! event asks only the rules that might match. The index only leaves out what is bound to be unmet, so it
//! never changes an answer.

use std::collections::HashMap;
use std::sync::Arc;

use crate::base::RuleId;
use crate::rules::check::{Check, Operand, Seen, folded};
use crate::rules::evaluate::{Explanation, evaluate};
use crate::rules::model::{Action, Condition, FactValue, Facts, Rule, Trigger};

/// Rules that did not match and whose answers are kept with every value; any other can still be asked.
const KEPT_UNMET: usize = 100;

/// One rule's answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Which rule.
    pub rule: RuleId,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: i64,
    /// Whether its actions are due: its condition held and nothing stopped it.
    pub matched: bool,
    /// The rule before it that matched and stops those after it.
    pub stopped_by: Option<RuleId>,
    /// Why.
    pub tree: Explanation,
}

/// What a set of rules wants.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Decided {
    /// The answers of the rules that might have matched, in the order they ran.
    pub runs: Vec<Run>,
    /// What is to be done, in this order.
    pub actions: Vec<(RuleId, Action)>,
    /// Rules that were enabled for this trigger.
    pub rules: usize,
}

/// The enabled rules of a workspace.
#[derive(Debug, Default)]
pub struct RuleSet {
    stamp: i64,
    decks: HashMap<Trigger, Deck>,
    rules: Vec<Arc<Rule>>,
}

impl RuleSet {
    /// Makes rules ready; those that are switched off are left out.
    pub fn new(rules: Vec<Rule>, stamp: i64) -> RuleSet {
        let mut rules: Vec<Arc<Rule>> = rules.into_iter().filter(|rule| rule.enabled).map(Arc::new).collect();
        rules.sort_by(|a, b| {
            (a.document.priority, &a.document.key).cmp(&(b.document.priority, &b.document.key))
        });
        let mut decks: HashMap<Trigger, Deck> = HashMap::new();
        for rule in &rules {
            decks.entry(rule.document.on).or_default().add(rule.clone());
        }
        RuleSet { stamp, decks, rules }
    }

    /// What the rules were when they were read.
    pub fn stamp(&self) -> i64 {
        self.stamp
    }

    /// All of them, in the order they run.
    pub fn rules(&self) -> &[Arc<Rule>] {
        &self.rules
    }

    /// The rules of a trigger, in the order they run.
    pub fn of(&self, trigger: Trigger) -> impl Iterator<Item = &Arc<Rule>> {
        self.rules.iter().filter(move |rule| rule.document.on == trigger)
    }

    /// A rule by its identifier.
    pub fn find(&self, id: RuleId) -> Option<&Arc<Rule>> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    /// What the rules of a trigger want, knowing these facts.
    pub fn decide(&self, trigger: Trigger, facts: &Facts) -> Decided {
        self.decks.get(&trigger).map(|deck| deck.decide(facts)).unwrap_or_default()
    }

    /// The rules of a trigger whose conditions hold, whatever stops them.
    pub fn holding(&self, trigger: Trigger, facts: &Facts) -> Vec<&Arc<Rule>> {
        self.decks.get(&trigger).map(|deck| deck.holding(facts)).unwrap_or_default()
    }
}

/// Decides with the enabled ones of some rules, whatever their triggers.
pub fn decide(rules: &[Rule], facts: &Facts) -> Decided {
    let mut enabled: Vec<&Rule> = rules.iter().filter(|rule| rule.enabled).collect();
    enabled.sort_by_key(|rule| (rule.document.priority, &rule.document.key));
    let mut deck = Deck::default();
    for rule in enabled {
        deck.add(Arc::new(rule.clone()));
    }
    deck.decide(facts)
}

/// A condition that can be asked quickly and often.
#[derive(Debug)]
pub struct Program {
    names: Names,
    node: Node,
}

impl Program {
    /// Makes a condition ready.
    pub fn of(condition: &Condition) -> Program {
        let mut names = Names::default();
        let node = Node::of(condition, &mut names);
        Program { names, node }
    }

    /// Whether it holds.
    pub fn holds(&self, facts: &Facts) -> bool {
        self.node.holds(&self.names.look(facts))
    }
}

/// The rules of one trigger.
#[derive(Debug, Default)]
struct Deck {
    names: Names,
    rules: Vec<(Arc<Rule>, Condition, Node)>,
    /// Rules by a value that a fact must have, or by its being known at all.
    keyed: HashMap<usize, HashMap<Key, Vec<usize>>>,
    /// Rules that no single fact rules out.
    always: Vec<usize>,
}

/// What a fact must be for a rule to match.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Text(String),
    Flag(bool),
    Number(u64),
    Known,
}

#[derive(Debug, Default)]
struct Names(HashMap<String, usize>);

#[derive(Debug)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Fact(usize, Check),
}

impl Deck {
    fn add(&mut self, rule: Arc<Rule>) {
        let at = self.rules.len();
        let condition = rule.document.condition();
        let node = Node::of(&condition, &mut self.names);
        match node.keys() {
            None => self.always.push(at),
            Some(keys) => {
                for (slot, key) in keys {
                    let rules = self.keyed.entry(slot).or_default().entry(key).or_default();
                    if rules.last() != Some(&at) {
                        rules.push(at);
                    }
                }
            }
        }
        self.rules.push((rule, condition, node));
    }

    /// The places of rules that might match, in their order.
    fn candidates(&self, seen: &[Option<Seen<'_>>]) -> Vec<usize> {
        let mut found = self.always.clone();
        for (slot, keys) in &self.keyed {
            let Some(seen) = seen.get(*slot).and_then(Option::as_ref) else { continue };
            let mut add = |key: &Key| found.extend(keys.get(key).into_iter().flatten());
            add(&Key::Known);
            match (seen.value(), seen.folded()) {
                (_, Some(text)) => add(&Key::Text(text.to_owned())),
                (FactValue::Flag(flag), _) => add(&Key::Flag(*flag)),
                (FactValue::Number(number), _) => add(&Key::Number(bits(*number))),
                (FactValue::List(entries), _) => {
                    entries.iter().for_each(|entry| add(&Key::Text(folded(entry))));
                }
                (FactValue::Text(_), None) => {}
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn decide(&self, facts: &Facts) -> Decided {
        let seen = self.names.look(facts);
        let mut decided = Decided { rules: self.rules.len(), ..Decided::default() };
        let mut stopped_by = None;
        let mut unmet = 0;
        for at in self.candidates(&seen) {
            let (rule, condition, node) = &self.rules[at];
            let met = node.holds(&seen);
            if !met {
                unmet += 1;
                if unmet > KEPT_UNMET {
                    continue;
                }
            }
            let matched = met && stopped_by.is_none();
            let tree = evaluate(condition, facts);
            let name = rule.document.name.clone();
            decided.runs.push(Run { rule: rule.id, name, version: rule.version, matched, stopped_by, tree });
            if matched {
                decided.actions.extend(rule.document.then.iter().map(|action| (rule.id, action.clone())));
                stopped_by = rule.document.stop.then_some(rule.id);
            }
        }
        decided
    }

    fn holding(&self, facts: &Facts) -> Vec<&Arc<Rule>> {
        let seen = self.names.look(facts);
        let holds = |at: &usize| self.rules[*at].2.holds(&seen);
        self.candidates(&seen).into_iter().filter(holds).map(|at| &self.rules[at].0).collect()
    }
}

impl Names {
    fn slot(&mut self, name: &str) -> usize {
        let next = self.0.len();
        *self.0.entry(name.to_owned()).or_insert(next)
    }

    /// The facts in their slots.
    fn look<'a>(&self, facts: &'a Facts) -> Vec<Option<Seen<'a>>> {
        let mut seen = vec![None; self.0.len()];
        for (name, slot) in &self.0 {
            seen[*slot] = facts.get(name).map(Seen::of);
        }
        seen
    }
}

impl Node {
    fn of(condition: &Condition, names: &mut Names) -> Node {
        let mut each = |inner: &[Condition]| inner.iter().map(|one| Node::of(one, names)).collect();
        match condition {
            Condition::All { all } => Node::All(each(all)),
            Condition::Any { any } => Node::Any(each(any)),
            Condition::Not { not } => Node::Not(Box::new(Node::of(not, names))),
            Condition::Fact(comparison) => Node::Fact(names.slot(&comparison.fact), Check::of(comparison)),
        }
    }

    fn holds(&self, seen: &[Option<Seen<'_>>]) -> bool {
        match self {
            Node::All(all) => all.iter().all(|inner| inner.holds(seen)),
            Node::Any(any) => any.iter().any(|inner| inner.holds(seen)),
            Node::Not(not) => !not.holds(seen),
            Node::Fact(slot, check) => check.passes(seen[*slot].as_ref()),
        }
    }

    /// Values of which one must be there for this to hold; `None`: it may hold without any.
    fn keys(&self) -> Option<Vec<(usize, Key)>> {
        match self {
            Node::All(all) => all.iter().filter_map(Node::keys).min_by_key(|keys| weight(keys)),
            Node::Any(any) => {
                let each: Option<Vec<_>> = any.iter().map(Node::keys).collect();
                each.map(|keys| keys.into_iter().flatten().collect())
            }
            Node::Not(_) | Node::Fact(_, Check::Unknown) => None,
            Node::Fact(slot, Check::Is(operand)) => Some(vec![(*slot, key(operand)?)]),
            Node::Fact(slot, Check::In(operands)) => {
                operands.iter().map(|operand| Some((*slot, key(operand)?))).collect()
            }
            Node::Fact(slot, _) => Some(vec![(*slot, Key::Known)]),
        }
    }
}

/// How little keys leave out: being known at all leaves out least.
fn weight(keys: &[(usize, Key)]) -> usize {
    keys.iter().map(|(_, key)| if *key == Key::Known { 1_000 } else { 1 }).sum()
}

fn key(operand: &Operand) -> Option<Key> {
    match operand {
        Operand::Text(_, folded) => Some(Key::Text(folded.clone())),
        Operand::Flag(flag) => Some(Key::Flag(*flag)),
        Operand::Number(number) => Some(Key::Number(bits(*number))),
        Operand::Other => None,
    }
}

/// A number as a key: both zeros are one.
fn bits(number: f64) -> u64 {
    (number + 0.0).to_bits()
}

#[cfg(test)]
mod tests;
