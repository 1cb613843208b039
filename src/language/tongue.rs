//! Which language a text is in, as far as words and retrieval need to know.

use std::collections::HashSet;
use std::sync::LazyLock;

use rust_stemmers::{Algorithm, Stemmer};

use super::words::{fold, words};

/// A language with stop words and, mostly, a stemmer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tongue {
    /// English, the language of the built-in sentence model.
    English,
    /// Spanish.
    Spanish,
    /// German.
    German,
    /// French.
    French,
    /// Portuguese.
    Portuguese,
    /// Italian.
    Italian,
    /// Dutch.
    Dutch,
    /// Russian, told by its script.
    Russian,
    /// Any other: words as they stand.
    Other,
}

const TOLD_BY_WORDS: [(Tongue, &str); 7] = [
    (
        Tongue::English,
        "a about after all also am an and any are as at be because been before being between both but by can \
         could did do does doing don for from get had has have having he her here hers him his how i if in into \
         is it its just ll m me more most my no nor not of off on once only or other our out over own re s same \
         she should so some such t than that the their them then there these they this those through to too \
         under until up ve very was we were what when where which while who whom why will with would you your \
         please tell want know need",
    ),
    (
        Tongue::Spanish,
        "a al algo alguna como con cual cuales cuando cuanta cuantas cuanto cuantos de del desde donde dos el \
         ella ellos en entre era es esa ese eso esta este esto estos fue fueron ha habia han hasta hay la las le \
         les lo los mas me mi muy no nos o para pero por porque que quien quienes se segun ser si sin sobre son \
         su sus te tiene todo tu un una uno y ya yo puedo quiero",
    ),
    (
        Tongue::German,
        "aber alle als also am an auch auf aus bei bin bis das dass dem den der des die diese dieser dieses doch \
         du durch ein eine einem einen einer eines er es fur hat hatte haben ich ihr ihre im in ist ja kann \
         konnen man mehr mein mich mir mit nach nicht noch nur oder ohne sehr sich sie sind so und uber um uns \
         unser viel viele vom von vor war waren warum was welche welchem welchen welcher welches wenn wer werden \
         wie wieviel wir wird wo wurde wurden zu zum zur",
    ),
    (
        Tongue::French,
        "a ai au aux avec ce ces cette combien comme comment dans de des du elle en est et etait ete etre eu il \
         ils je l la le les leur lui ma mais me mes moi mon ne nos notre nous on ou par pas plus pour pourquoi qu \
         quand que quel quelle quelles quels qui quoi sa se ses si son sont sur ta te tes toi ton tu un une vos \
         votre vous y d c j n s m t",
    ),
    (
        Tongue::Portuguese,
        "a ao aos as com como da das de do dos e ela ele eles em entre era essa esse esta este eu foi foram ha \
         isso isto ja lhe mais mas me meu minha muito na nao nas no nos nossa nosso o onde os ou para pela pelo \
         por porque posso qual quais quando quanto quantos que quem se sem ser seu sua sao so tambem te tem um uma \
         voce voces",
    ),
    (
        Tongue::Italian,
        "a ad ai al alla anche che chi ci come con cosa da dal dalla dei del della di do dove e ed era essere fu \
         gli ha hanno ho i il in io la le lei lo loro lui ma mi mio nel nella no noi non o per perche piu posso \
         quale quali quando quanti quanto quello questa questo se si sia sono su sua suo sul sulla tra tu un una \
         uno vi voi",
    ),
    (
        Tongue::Dutch,
        "aan al als bij dan dat de der deze die dit door een en er had heb hebben heeft het hij hoe hoeveel ik in \
         is ja je kan kunnen maar me meer met mij mijn naar niet nog of om onder ons ook op over te tot u uit uw \
         van veel voor waar waarom wanneer was wat we welke werd wie wij worden wordt zal ze zich zijn zo",
    ),
];

static STOP_WORDS: LazyLock<Vec<(Tongue, HashSet<&'static str>)>> = LazyLock::new(|| {
    TOLD_BY_WORDS.iter().map(|(tongue, words)| (*tongue, words.split_whitespace().collect())).collect()
});

impl Tongue {
    /// The language of a locale such as `pt-PT`.
    pub fn of_locale(locale: &str) -> Tongue {
        match locale.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "en" => Tongue::English,
            "es" => Tongue::Spanish,
            "de" => Tongue::German,
            "fr" => Tongue::French,
            "pt" => Tongue::Portuguese,
            "it" => Tongue::Italian,
            "nl" => Tongue::Dutch,
            "ru" => Tongue::Russian,
            _ => Tongue::Other,
        }
    }

    /// The two-letter code, or `und` where there is none.
    pub fn code(self) -> &'static str {
        match self {
            Tongue::English => "en",
            Tongue::Spanish => "es",
            Tongue::German => "de",
            Tongue::French => "fr",
            Tongue::Portuguese => "pt",
            Tongue::Italian => "it",
            Tongue::Dutch => "nl",
            Tongue::Russian => "ru",
            Tongue::Other => "und",
        }
    }

    /// The language of a text by its small words, or by its script; `fallback` where neither tells.
    pub fn of(text: &str, fallback: Tongue) -> Tongue {
        let letters = text.chars().filter(|character| character.is_alphabetic());
        let (all, latin, cyrillic) =
            letters.fold((0_usize, 0_usize, 0_usize), |(all, latin, cyrillic), letter| {
                (
                    all + 1,
                    latin + usize::from(letter < '\u{250}'),
                    cyrillic + usize::from(('\u{400}'..'\u{530}').contains(&letter)),
                )
            });
        if cyrillic * 2 > all {
            return Tongue::Russian;
        }
        if latin * 2 < all {
            return Tongue::Other;
        }
        let folded = fold(text);
        let found: Vec<&str> = words(&folded).collect();
        let counts = STOP_WORDS.iter().map(|(tongue, stops)| {
            // Letters alone, like the "a" of many languages, tell nothing.
            (found.iter().filter(|word| word.len() > 1 && stops.contains(*word)).count(), *tongue)
        });
        let mut counts: Vec<(usize, Tongue)> = counts.collect();
        counts.sort_by_key(|(count, tongue)| (std::cmp::Reverse(*count), *tongue != fallback));
        match counts.as_slice() {
            [(first, tongue), (second, _), ..] if *first > 0 && (first > second || *tongue == fallback) => {
                *tongue
            }
            _ => fallback,
        }
    }

    /// Whether a folded word says nothing by itself.
    pub fn stops(self, word: &str) -> bool {
        STOP_WORDS.iter().any(|(tongue, stops)| *tongue == self && stops.contains(word))
    }

    /// The stemmer of the language, if it has one.
    pub fn stemmer(self) -> Option<Stemmer> {
        let algorithm = match self {
            Tongue::English => Algorithm::English,
            Tongue::Spanish => Algorithm::Spanish,
            Tongue::German => Algorithm::German,
            Tongue::French => Algorithm::French,
            Tongue::Portuguese => Algorithm::Portuguese,
            Tongue::Italian => Algorithm::Italian,
            Tongue::Dutch => Algorithm::Dutch,
            Tongue::Russian => Algorithm::Russian,
            Tongue::Other => return None,
        };
        Some(Stemmer::create(algorithm))
    }

    /// The stems of a text's telling words; all its words where none tells anything.
    pub fn stems(self, text: &str) -> Vec<String> {
        let folded = fold(text);
        let stemmer = self.stemmer();
        let stem = |word: &str| match &stemmer {
            Some(stemmer) => stemmer.stem(word).into_owned(),
            None => word.to_owned(),
        };
        let telling: Vec<String> = words(&folded).filter(|word| !self.stops(word)).map(stem).collect();
        match telling.is_empty() {
            true => words(&folded).map(stem).collect(),
            false => telling,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_told_by_small_words_and_scripts() {
        for (text, tongue) in [
            ("Where can I park my car?", Tongue::English),
            ("¿Cuántos puntos dejaron escapar en defensa los Panthers?", Tongue::Spanish),
            ("Wie viele Punkte gab die Verteidigung ab?", Tongue::German),
            ("Où est la gare et à quelle heure part le train ?", Tongue::French),
            ("Quanto custa e onde posso pagar?", Tongue::Portuguese),
            ("Dove posso parcheggiare la macchina?", Tongue::Italian),
            ("Hoeveel kost het en waar kan ik betalen?", Tongue::Dutch),
            ("Сколько это стоит?", Tongue::Russian),
            ("営業時間を教えてください", Tongue::Other),
            ("Golf GTI", Tongue::English),
        ] {
            assert_eq!(Tongue::of(text, Tongue::English), tongue, "{text}");
        }
        assert_eq!(Tongue::of("Golf GTI", Tongue::German), Tongue::German);
    }

    #[test]
    fn stems_leave_stop_words_out_unless_nothing_is_left() {
        assert_eq!(Tongue::English.stems("What are your opening hours?"), ["open", "hour"]);
        assert_eq!(Tongue::English.stems("Who are you"), ["who", "are", "you"]);
        assert_eq!(Tongue::German.stems("Welche Öffnungszeiten gibt es"), ["offnungszeit", "gibt"]);
    }
}
