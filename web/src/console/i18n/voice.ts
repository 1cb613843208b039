import i18next from "i18next";

/** The texts of voice notes and translations: loaded with the recorder and the player. */
export const voice = {
  title: "Voice note",
  recording: "Recording, {{time}}",
  stop: "Stop",
  discard: "Discard the voice note",
  again: "Record again",
  send: "Send voice note",
  sending: "Sending… {{n}} %",
  opening: "Opening the microphone…",
  blocked: "The microphone is blocked. Allow it in the address bar of your browser.",
  missing: "No microphone was found.",
  failed: "The voice note was not sent: {{why}}",
  translate: "Translate into {{language}}",
  translating: "Translating…",
  translated: "Translated into {{language}} by {{engine}}, asked for by {{name}}. Only your team sees this.",
  heard: "It reaches {{name}} as a recording.",
} as const;

i18next.addResourceBundle("en", "voice", voice);
