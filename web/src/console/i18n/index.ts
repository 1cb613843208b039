import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { en } from "./en";
import type { schemas } from "./schemas";

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "console";
    resources: { console: typeof en; schemas: typeof schemas };
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
