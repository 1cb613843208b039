/** The texts of hooks; they come with their page, not with the shell. */
import i18next from "i18next";

export const texts = {
  text: "A hook is an address that another system calls. What the call says becomes an entry in the customer's conversation, and rules can act on it.",
  add: "New hook",
  none: "No hooks yet.",
  known: "Rules know it as {{key}}.",
  address: "Address to call",
  secret: "Secret that calls are signed with (Standard Webhooks)",
  secretOnce: "Copy it now: it is not shown again.",
  renew: "Make another secret",
  renewed: "The old secret no longer counts.",
  confirmRenew: "Make another secret? Calls that are signed with the one before are refused from then on.",
  delete: "Delete {{name}}",
  confirmDelete: "Delete “{{name}}”? Calls to its address are refused from then on.",
  fieldOf: "sets {{field}}",
  calls: "Newest calls",
  noCalls: "Nobody has called yet.",
  became: "became an entry",
  name: "Name",
  nameHint: "Which system calls, and what it tells.",
  whose: "Whom a call is about",
  who: {
    email: "the customer's e-mail",
    phone: "the customer's telephone",
    conversation: "the conversation",
  },
  place: "Where that stands in the call",
  placeHint: "Such as /customer/email",
  values: "What rules can ask about",
  valueName: "Name of value {{n}}",
  valueAt: "Place of value {{n}}",
  valueKind: "Kind of value {{n}}",
  valueNot: "Remove value {{n}}",
  kind: { text: "words", number: "a number", flag: "yes or no" },
  addValue: "Add a value",
  make: "Make the hook",
  cancel: "Cancel",
  outgoing: "Our own calls",
  outgoingText:
    "When a rule tells an address, the call carries webhook-id, webhook-timestamp and webhook-signature, made with this secret. Whoever gets it can check that it is from here.",
  show: "Show the secret",
} as const;

i18next.addResourceBundle("en", "hooks", texts, true, true);
