/** Languages and regions a person can choose: they decide how times, dates and numbers are written. */
export const LANGUAGES = ["en-GB", "en-US", "de-DE", "es-ES", "fr-FR", "pt-PT", "ar"] as const;
