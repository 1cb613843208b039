import i18next from "i18next";

/** The texts of the autopilot page: loaded with it. */
export const autopilot = {
  text: "Replies that your team sends unedited, again and again, may go out by themselves. Nothing does before you turn it on here, and a person who begins to type always stops it.",
  managers: "Managers see what each kind of reply has earned.",
  asks: "What you ask for",
  bar: "Sent as written, at least",
  barHint:
    "The lower bound has to reach this: the share your team’s decisions prove, not the share they show.",
  least: "Decisions before anything is offered",
  sample: "Looked at all the same",
  sampleHint:
    "This share of the replies still waits for a person, chosen by chance. It is how autopilot is found out.",
  wrong: "Bar from 50 to 99, decisions from 5 to 1000, sample from 2 to 100.",
  intents: "By what customers want",
  on: "On",
  offered: "Earned: turn it on?",
  turnOn: "Turn on",
  turnOff: "Turn off",
  turnedOn: "On from the next reply.",
  turnedOff: "Off. Replies wait for a person again.",
  sensitive: "Always a person: {{because}}",
  notYet: "{{good}} of {{of}} sent as written, at least {{lower}} %",
  none: "No decisions yet",
  needs_one: "{{count}} more in a row would do it",
  needs_other: "{{count}} more in a row would do it",
  earned: "{{good}} of {{decided}} sent as written, at least {{lower}} %, by {{engine}}.",
  sure: "Only where the agent is at least {{threshold}} % sure: {{covers}} % of these replies.",
  engine: { "built-in": "the built-in engine" },
  sent_one: "{{count}} reply sent by itself since {{at}}, turned on by {{name}}",
  sent_other: "{{count}} replies sent by itself since {{at}}, turned on by {{name}}",
  ended: "Ended {{at}}: {{because}}",
  edited: "{{n}} edited",
  rejected: "{{n}} rejected",
  replaced: "{{n}} answered instead",
  reopened: "{{n}} came back",
  complained: "{{n}} not content",
  changed: "{{n}} % of the words changed",
  bound: "Proven {{lower}} %, asked for {{bar}} %",
  reliability: "How far the agent’s confidence can be trusted",
  reliabilityText:
    "Of the replies it was about this sure of, so many went out as written. On the line, confidence and outcome agree.",
  reliabilityNone:
    "As soon as your team has decided some drafts, you see here whether its confidence means something.",
  confidence: "Confidence",
  outcome: "Sent as written",
  decided: "Decided",
  range: "{{from}} to {{to}} %",
  events: "What happened",
  event: {
    turned_on: "{{name}} turned {{intent}} on",
    turned_off: "{{name}} turned {{intent}} off",
    demoted: "{{intent}} has ended by itself",
  },
} as const;

i18next.addResourceBundle("en", "autopilot", autopilot);
