/** The texts of segments; they come with their page, not with the shell. */
import i18next from "i18next";

export const texts = {
  title: "Segments",
  open: "Segments",
  text: "Groups of customers that keep themselves up to date. Lists show who is in one, and rules ask whether a customer is.",
  none: "No segment yet. “Customers with a telephone number” or “regular customers” are good first ones.",
  add: "New segment",
  edit: "Change",
  back: "All contacts",
  name: "Name",
  nameHint: "How people call these customers.",
  who: "Who is in it",
  count_zero: "nobody",
  count_one: "{{count}} customer",
  count_other: "{{count}} customers",
  more: "at least {{count}}",
  everybody: "Everybody",
  save: "Save",
  cancel: "Cancel",
  saved: "Saved.",
  delete: "Delete the segment",
  confirmDelete: "Delete this segment? Rules that ask about it find nobody in it.",
  overtaken: "Somebody saved version {{n}} while you were editing. Yours is still here.",
  takeTheirs: "Take the saved one",
  keepMine: "Save mine over it",
  members: "Customers in {{name}}",
  nobody: "Nobody is in it now.",
  managersOnly: "Managers change segments.",
} as const;

i18next.addResourceBundle("en", "segments", texts, true, true);
