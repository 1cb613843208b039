import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import type { texts as replay } from "../features/agent/replay-texts";
import type { texts as agent } from "../features/agent/texts";
import type { texts as tools } from "../features/agent/tools-texts";
import type { Blockers } from "../features/approvals/kinds";
import type { texts as segments } from "../features/contacts/segment-texts";
import type { lines } from "../features/conversation/sequence-lines";
import type { texts as sequences } from "../features/rules/sequence-texts";
import type { texts as rules } from "../features/rules/texts";
import type { texts as hooks } from "../features/settings/hooks-texts";
import type { Who } from "../features/why/Who";
import type { autopilot } from "./autopilot";
import { en } from "./en";
import type { models } from "./models";
import type { schemas } from "./schemas";
import type { settings } from "./settings";
import type { setup } from "./setup";
import type { voice } from "./voice";

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "console";
    resources: {
      console: typeof en & { readonly settings: typeof settings };
      agent: typeof agent;
      who: Who;
      autopilot: typeof autopilot;
      blockers: Blockers;
      setup: typeof setup;
      rules: typeof rules;
      hooks: typeof hooks;
      sequences: typeof sequences;
      "sequence-lines": typeof lines;
      replay: typeof replay;
      tools: typeof tools;
      segments: typeof segments;
      models: typeof models;
      schemas: typeof schemas;
      voice: typeof voice;
    };
  }
}

export function startTexts(): void {
  void i18next.use(initReactI18next).init({
    lng: "en",
    fallbackLng: "en",
    defaultNS: "console",
    resources: { en: { console: en } },
    interpolation: { escapeValue: false },
    initAsync: false,
  });
  document.documentElement.lang = i18next.language;
  document.documentElement.dir = i18next.dir();
}
