//! Names of months, weekdays and parts of the day, in the languages customers write most.

/// The month a word names: English in full or short, Spanish, Portuguese, French, German and Italian in full.
pub(in super::super) fn month(word: &str) -> Option<i8> {
    Some(match word {
        "january" | "jan" | "enero" | "janeiro" | "janvier" | "januar" | "gennaio" => 1,
        "february" | "feb" | "febrero" | "fevereiro" | "fevrier" | "februar" | "febbraio" => 2,
        "march" | "mar" | "marzo" | "marco" | "mars" | "marz" => 3,
        "april" | "apr" | "abril" | "avril" | "aprile" => 4,
        "may" | "mayo" | "maio" | "mai" | "maggio" => 5,
        "june" | "jun" | "junio" | "junho" | "juin" | "juni" | "giugno" => 6,
        "july" | "jul" | "julio" | "julho" | "juillet" | "juli" | "luglio" => 7,
        "august" | "aug" | "agosto" | "aout" => 8,
        "september" | "sep" | "sept" | "septiembre" | "setembro" | "septembre" | "settembre" => 9,
        "october" | "oct" | "octubre" | "outubro" | "octobre" | "oktober" | "ottobre" => 10,
        "november" | "nov" | "noviembre" | "novembro" | "novembre" => 11,
        "december" | "dec" | "diciembre" | "dezembro" | "decembre" | "dezember" | "dicembre" => 12,
        _ => return None,
    })
}

/// How sure a word means a weekday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Naming {
    /// It can mean nothing else.
    Plain,
    /// "sun", "sat", "mar": only beside other words of a date.
    Doubtful,
}

/// The weekday a word names, Monday = 0.
pub(in super::super) fn weekday(word: &str) -> Option<(i8, Naming)> {
    let plain = |day| Some((day, Naming::Plain));
    match word {
        "monday" | "lunes" | "lundi" | "montag" | "lunedi" => plain(0),
        "tuesday" | "tues" | "martes" | "mardi" | "dienstag" | "martedi" => plain(1),
        "wednesday" | "weds" | "miercoles" | "mercredi" | "mittwoch" | "mercoledi" => plain(2),
        "thursday" | "thur" | "thurs" | "jueves" | "jeudi" | "donnerstag" | "giovedi" => plain(3),
        "friday" | "viernes" | "vendredi" | "freitag" | "venerdi" => plain(4),
        "saturday" | "sabado" | "samedi" | "samstag" | "sabato" => plain(5),
        "sunday" | "domingo" | "dimanche" | "sonntag" | "domenica" => plain(6),
        "mon" => Some((0, Naming::Doubtful)),
        "tue" => Some((1, Naming::Doubtful)),
        "wed" => Some((2, Naming::Doubtful)),
        "thu" => Some((3, Naming::Doubtful)),
        "fri" => Some((4, Naming::Doubtful)),
        "sat" => Some((5, Naming::Doubtful)),
        "sun" => Some((6, Naming::Doubtful)),
        _ => None,
    }
}

/// Which half of the day a word points to, and the hour meant when it stands alone.
pub(in super::super) fn part_of_day(word: &str) -> Option<(Half, i8)> {
    Some(match word {
        "morning" | "manana" | "manha" | "matin" => (Half::Morning, 9),
        "lunchtime" | "lunch" => (Half::Afternoon, 12),
        "afternoon" | "tarde" | "nachmittag" => (Half::Afternoon, 15),
        "evening" | "tonight" | "dinner" | "dinnertime" | "noite" | "soir" | "abend" | "abends" => {
            (Half::Afternoon, 19)
        }
        "night" | "noche" => (Half::Afternoon, 21),
        _ => return None,
    })
}

/// Before or after noon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Half {
    /// Midnight to noon.
    Morning,
    /// Noon to midnight.
    Afternoon,
}
