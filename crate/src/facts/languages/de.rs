//! German words.

use super::words::Follow::{Any, Boundary, NoCapital, NoUnit};
use super::words::Minutes::{Add, Before, Read};
use super::words::{DateWords, Language, MoneyWords, Morning, NameWords, NumberWords, TimeWords};

pub static GERMAN: Language = Language {
    code: "de",
    numbers: NumberWords {
        to_twenty: "null eins zwei drei vier funf sechs sieben acht neun zehn elf zwolf dreizehn vierzehn funfzehn sechzehn \
                    siebzehn achtzehn neunzehn zwanzig",
        tens: "dreissig vierzig funfzig sechzig siebzig achtzig neunzig",
        compounds: &["UundT"],
        others: &[
            ("ein", 1),
            ("zwo", 2),
            ("fuenf", 5),
            ("zwoelf", 12),
            ("fuenfzehn", 15),
            ("fuenfzig", 50),
            ("einundzwanzig", 21),
            ("einunddreissig", 31),
        ],
        scales: &[("hundert", 100), ("tausend", 1000), ("mio", 1_000_000), ("millionen", 1_000_000), ("k", 1000)],
        loose: &[
            ("eine", 1),
            ("einen", 1),
            ("einem", 1),
            ("einer", 1),
            ("beide", 2),
            ("beiden", 2),
            ("paar", 2),
            ("dutzend", 12),
            ("viertel", 15),
            ("halb", 30),
            ("halbe", 30),
        ],
        homographs: "ein eins",
        comma_decimals: true,
    },
    times: TimeWords {
        patterns: &[
            (r"{h} ?: ?{m} ?(?:uhr\b|h\b)?{half}?", Read, Any),
            (r"{H}\.{m} ?(?:uhr|h)\b{half}?", Read, Any),
            (r"{h} ?uhr ?{m}{half}?", Read, NoUnit),
            (r"{h} ?uhr {W}{half}?", Read, NoUnit),
            (r"{h} ?uhr\b{half}?", Read, Any),
            (r"{H} ?h\b", Read, NoUnit),
            (r"halb ?{h}{half}?", Add(-30), NoUnit),
            (r"(?:3/4|dreiviertel) {h}{half}?", Add(-15), NoUnit),
            (r"viertel nach {h}{half}?", Add(15), Any),
            (r"viertel vor {h}{half}?", Add(-15), Any),
            (r"viertel {h}{half}?", Add(-45), NoUnit),
            (r"{w} (?:min(?:uten)? )?nach {h}{half}?", Read, NoUnit),
            (r"{w} (?:min(?:uten)? )?vor {h}{half}?", Before, NoUnit),
            (r"\b(?:um|ab|bis|gegen|seit|vor|nach|statt|so|erst) (?<t>{H}[.]{m})", Read, NoUnit),
            (r"\bum (?:ca\.? |circa |etwa |so |rund )?(?<t>{h}{half}?)", Read, NoUnit),
            (r"\b(?:ab|bis|gegen|seit|vor|nach|statt) (?<t>{h}{half}?)", Read, Boundary),
        ],
        phrases: &[("mitternacht", 0), (r"\b(?:um|gegen|bis|ab|vor) (?<t>mittag)", 12)],
        am: r"morgens|fruh|vormittags|in der fruh|am morgen|am vormittag",
        pm: r"nachmittags|abends|mittags|am abend|am nachmittag",
        night: "nachts|in der nacht",
        between: "um|ab|gegen|so gegen|bis|so um|vor|nach",
        range: "bis",
        between_and: ("zwischen", "und"),
        lengths: "in|seit|dauert|dauern|fur|noch|alle|je|pro",
        units: "prozent|jahren?|monate?n?|wochen?|tage?n?|stunden?|std|minuten?|min|sekunden?|km|kg|g|m|cm|ml|grad|leuten?|personen|\
                erwachsene|kinder|punkte?n?|mal|liter|seiten?|euro|versuche?n?|wohnungen",
        boundary: "und|oder|also|wenn|aber|weil|bitte|heute|morgen|im|mit|fur|ich|du|wir|ihr|er|sie|es|am|da|bei|vor|steh|bin|\
                   los|ist|geht|kann|an|auf|in|zu|fang|dann|bleib|war|wart|komm|fertig|macht|machen|noch|wieder|pass|passt",
    },
    dates: DateWords {
        months: [
            "januar|janner|jan",
            "februar|feb",
            "marz|maerz",
            "april|apr",
            "mai",
            "juni",
            "juli",
            "august|aug",
            "september|sept",
            "oktober|okt",
            "november|nov",
            "dezember|dez",
        ],
        weekdays: [
            "montags?|(?-i:Mo)",
            "dienstags?|(?-i:Di)",
            "mittwochs?|(?-i:Mi)",
            "donnerstags?|(?-i:Do)",
            "freitags?|(?-i:Fr)",
            "samstags?|sonnabends?|(?-i:Sa)",
            "sonntags?|(?-i:SO)",
        ],
        before_months: "im|ein|seit|ab|bis|ende|anfang|mitte",
        patterns: &[
            (r"(?:{weekday},? )?(?:(?:der|den|dem|am|vom|zum) )?{day}\.? ?{month}(?: {year})?", Any),
            (r"{weekday},? (?:der |den |dem )?{day}\.", NoCapital),
            (r"\b(?:am|vom|zum|den|bis zum|ab dem) (?<t>{day}\.)", NoCapital),
            (r"\b(?:am|vom|den|der|zum|bis|ab|seit) (?<t>(?<first>[0-3]?\d)\. ?(?<second>[01]?\d)\.)", Any),
            (r"{month} {year}", Any),
            (r"{before} (?<t>{month})", Any),
            (r"\b(?<month>januar|februar|marz|juni|juli|september|oktober|november|dezember)", Any),
            (r"(?<t>(?<weekday>mo|di|mi|do|fr|sa|so)) (?:um )?\d", Any),
            (r"{weekday}(?: (?<am>morgen|vormittag|fruh)| (?<pm>nachmittag|abend|mittag|nacht))?", Any),
            (r"{weekday+}(?:(?<am>morgen|vormittag)|(?<pm>nachmittag|abend|mittag|nacht))s?", Any),
        ],
        relative: &[
            (r"\bubermorgen|\buebermorgen", 2),
            (r"\bvorgestern", -2),
            (r"\bmorgen(?: (?<am>fruh|vormittag)| (?<pm>mittag|nachmittag|abend|nacht))?", 1),
            (r"\bheute(?: (?<am>fruh|morgen|vormittag)| (?<pm>mittag|nachmittag|abend|nacht))?", 0),
            (r"\bgestern(?: (?<am>fruh|morgen|vormittag)| (?<pm>mittag|nachmittag|abend|nacht))?", -1),
        ],
        ahead: r"\bin {n} tag(?:en?)?\b",
        morning: Some(Morning {
            word: "morgen",
            after: "guten am jeden ganze ganzen der den diesen einen schonen gegen heute gestern moin",
            before: "zusammen alle ihr leute allerseits",
            has_capital: true,
        }),
        past: "letzten?|seit|vergangenen?|vorigen?",
        open: "nachsten?|kommenden?|jeden?",
        month_first: false,
    },
    money: MoneyWords {
        currencies: &[
            ("euros?|eur|teuro", "EUR"),
            ("dollar|usd", "USD"),
            ("britische pfund|gbp", "GBP"),
            ("franken|chf|fr\\.", "CHF"),
            ("(?-i:Mark)", "DEM"),
            ("cent|ct", "cent"),
        ],
        phrases: &[],
        not_after: "",
        not_before: "",
    },
    names: NameWords {
        nouns_have_capitals: true,
        titles: r"herrn?|frau|dr|prof|tante|onkel|oma|opa|trainer|trainerin|schwester|bruder",
        before: "",
        before_places: "in|nach|aus|uber",
        places: "berlin hamburg munchen koln frankfurt stuttgart dusseldorf leipzig dresden bremen hannover nurnberg wien zurich \
                 bern basel salzburg graz paris london rom madrid barcelona lissabon prag amsterdam brussel spanien frankreich \
                 italien england osterreich schweiz deutschland europa bayern",
        homographs: "mark roman nil rosa stein april mai august so wolf rose rosen linde ernst frei fuchs bach berg ein an in \
                     da na ja ich du er es sie wir am um zu los ab alle di mi do reich gross klein lang kurz bruder \
                     horst fest heide sonne stern engel markt mo dem sol mutter vater \
                     vorstand chef papa mama oma opa karre miete platz bas sack pace karte hai \
                     sahra tor ",
        capitals: "montag dienstag mittwoch donnerstag freitag samstag sonntag januar februar marz april mai juni juli august \
                   september oktober november dezember weihnachten ostern ok tv wlan handy whatsapp",
        common: "der die das ein eine einen dem den des und oder aber wenn weil dass ich du er sie es wir ihr man wer was wann wo \
                 wie warum ist sind war hat haben kann soll muss will ja nein nicht ok bitte danke hallo hi na so da dann noch auch \
                 nur mein dein sein unser euer im in am an auf mit von bei zu zum zur nach vor um bis ab seit fur",
        articles: "der die das den dem des ein eine einen einem einer",
        verbs: "ist war hat wird will wollte fragt sagt bringt zahlt nimmt gibt braucht denkt bietet schlagt ladt dankt trifft \
                holt geht kommt kann konnte soll muss darf macht leiht kauft schickt schreibt ruft erinnert verspricht vergisst \
                sucht bleibt fahrt lost hutet",
        genitives: &["s", "'s", "'"],
    },
    street: r"(?-i:[A-Z][a-z]*)(?:strasse|str\.|weg|platz|allee|gasse|ring|damm|ufer) \d+[a-z]?\b|(?-i:[A-Z][a-z]*er) (?:strasse|str\.|weg|platz|allee) \d+[a-z]?\b",
    questions: "kannst du|konntest du|kommst du|hast du|willst du|bist du|weisst du|bringst du|magst du|wurdest du",
};
