//! French words.

use super::words::Follow::{Any, Boundary, NoUnit};
use super::words::Minutes::{Add, Before, Read};
use super::words::{DateWords, Language, MoneyWords, NameWords, NumberWords, TimeWords};

pub static FRENCH: Language = Language {
    code: "fr",
    numbers: NumberWords {
        to_twenty: "zero un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept \
                    dix-huit dix-neuf vingt",
        tens: "trente quarante cinquante soixante septante quatre-vingt nonante",
        compounds: &["T-U", "T U", "T et U", "T-et-U"],
        others: &[
            ("une", 1),
            ("soixante-dix", 70),
            ("soixante dix", 70),
            ("quatre-vingts", 80),
            ("quatre vingt", 80),
            ("quatre vingts", 80),
            ("quatre-vingt-dix", 90),
            ("octante", 80),
        ],
        scales: &[("cent", 100), ("cents", 100), ("mille", 1000), ("k", 1000)],
        loose: &[("demie", 30), ("demi", 30), ("quart", 15), ("douzaine", 12), ("quinzaine", 15)],
        homographs: "un une neuf",
        comma_decimals: true,
    },
    times: TimeWords {
        patterns: &[
            (r"{h} ?: ?{m} ?{half}?", Read, Any),
            (r"{h} ?h(?:eures?|rs?)? ?{m}{half}?", Read, Any),
            (r"{h} ?(?:h|hrs?)\b{half}?", Read, NoUnit),
            (r"{h} ?heures?{half}", Read, Any),
            (
                r"\b(?:a|vers|avant|apres|des|jusqu'a|pour|est|sera|etait|de|entre|et|sur|pas|plutot|sauf|partir de) (?<t>{h} ?heures)",
                Read,
                NoUnit,
            ),
            (r"\b(?:a|vers|avant|apres|jusqu'a|est) (?<t>(?<h>une|1) heure)", Read, Boundary),
            (r"(?:^|[.,;!?] )(?<t>{h} heures?)", Read, Boundary),
            (r"{h} ?(?:h|heures?|hrs?) (?:et )?(?:demie?){half}?", Add(30), Any),
            (r"{h} ?(?:h|heures?|hrs?) (?:et )?quart{half}?", Add(15), Any),
            (r"{h} ?(?:h|heures?|hrs?) moins (?:le )?quart{half}?", Add(-15), Any),
            (r"{h} ?(?:h|heures?|hrs?) moins {w}{half}?", Before, Any),
            (r"{h} ?(?:h|heures?|hrs?) {W}{half}?", Read, NoUnit),
            (r"\b(?:midi|(?<h>12)) et demie?", Add(30), Any),
        ],
        phrases: &[(r"midi", 12), ("minuit", 0)],
        am: r"du mat(?:in)?\b",
        pm: r"du soir|de l'apres-midi|de l'aprem|de l'apres midi",
        night: "de la nuit",
        between: "a|vers|des|avant|apres|pour",
        range: "a|jusqu'a",
        between_and: ("entre", "et"),
        lengths: "dans|pendant|dure|durant|encore|il y a|depuis|en|toutes les|chaque|reste|fait|environ",
        units: "pour cent|ans?|mois|semaines?|jours?|minutes?|mins?|secondes?|km|kg|g|m|cm|ml|degres?|personnes?|adultes|enfants|\
                points?|fois|litres?|pages?|de",
        boundary: "et|ou|donc|si|mais|parce|car|demain|aujourd'hui|ce|en|avec|pour|je|tu|on|nous|vous|il|elle|chez|c'est|ca|a|\
                   alors|devant|au|sur|j'ai",
    },
    dates: DateWords {
        months: [
            "janvier|janv",
            "fevrier|fevr?",
            "mars",
            "avril|avr",
            "mai",
            "juin",
            "juillet|juil",
            "aout",
            "septembre|sept",
            "octobre|oct",
            "novembre|nov",
            "decembre|dec",
        ],
        weekdays: ["lundis?|lun", "mardis?", "mercredis?", "jeudis?", "vendredis?|ven", "samedis?", "dimanches?|dim"],
        before_months: "mois de|en|depuis|jusqu'en|debut|fin|mi|courant",
        patterns: &[
            (
                r"(?:{weekday},? )?(?:le )?{day}(?:er)? (?<month>janvier|janv|fevrier|fevr?|mars|avril|avr|mai|juin|juillet|juil|aout|septembre|octobre|oct|novembre|nov|decembre|dec)\b(?: {year})?",
                Any,
            ),
            (r"{weekday} (?:le )?{day}\b", Boundary),
            (r"{month} {year}", Any),
            (r"\b(?:le|au|du) {day}(?:er)?\b", Boundary),
            (
                r"{before} (?<t>(?<month>janvier|fevrier|mars|avril|mai|juin|juillet|aout|septembre|octobre|novembre|decembre))",
                Any,
            ),
            (r"\bd'(?<t>(?<month>avril|aout|octobre))", Any),
            (r"\b(?<month>janvier|fevrier|juin|juillet|septembre|octobre|novembre|decembre)", Any),
            (r"{weekday}(?: (?<am>matin)| (?<pm>soir|apres-midi|aprem|apres midi))?", Any),
        ],
        relative: &[
            (r"\bapres(?:-| )demain", 2),
            (r"\bavant(?:-| )hier", -2),
            (r"\bdemain(?: (?<am>matin)| (?<pm>soir|apres-midi|aprem|apres midi))?", 1),
            (r"\baujourd'?hui|\bajd\b|\bauj\b", 0),
            (r"\b(?:ce|a) (?<pm>soir)\b", 0),
            (r"\bce (?<am>matin)\b", 0),
            (r"\bcet(?:te)? (?<pm>apres-midi|aprem|apres midi|nuit)", 0),
            (r"\bhier(?: (?<am>matin)| (?<pm>soir|apres-midi))?", -1),
        ],
        ahead: r"\b(?:dans|d'ici) {n} jours?\b",
        morning: None,
        past: "dernier|depuis|passe",
        open: "prochain|chaque|tous les|le",
        month_first: false,
    },
    money: MoneyWords {
        currencies: &[
            ("euros?|eur|balles?", "EUR"),
            ("dollars?|usd", "USD"),
            ("livres? sterling|gbp", "GBP"),
            ("francs?|chf", "CHF"),
            ("centimes?", "cent"),
        ],
        phrases: &[],
        not_after: "",
        not_before: "de tennis|de golf|perdues?",
    },
    names: NameWords {
        nouns_have_capitals: false,
        titles: r"m|mme|mlle|monsieur|madame|mademoiselle|dr|docteur|maitre|tonton|tata|tante|oncle|tatie|papi|mamie|coach",
        before: "avec|et|pour|chez|que|qu|demande|dis|appelle|previens|merci|salut|coucou|par",
        before_places: "a|en|vers|depuis",
        places: "paris lyon marseille lille bordeaux toulouse nantes strasbourg rennes montpellier nice grenoble geneve lausanne \
                 bruxelles montreal quebec londres berlin madrid rome barcelone lisbonne france espagne allemagne italie suisse \
                 belgique europe bretagne normandie",
        homographs: "ella rose pierre avril marine blanche aime ange celeste clement constant cerise prune olive victoire \
                     desire fleur colombe reine lou ambre aurore marguerite violette jasmin harmonie prosper parfait \
                     franc juste bon noe mai la le les de du en va alors et il ou si ah ami ali joli joly cap tata sol grace charme \
                     solaire silence ",
        capitals: "lundi mardi mercredi jeudi vendredi samedi dimanche janvier fevrier mars avril mai juin juillet aout septembre \
                   octobre novembre decembre noel paques saint-valentin saint-sylvestre aid eid ok tv wifi rdv ratp sncf tgv whatsapp",
        common: "le la les un une des du de l d et ou mais si non oui ok je tu il elle on nous vous ils elles ce c ca cela qui que \
                 quoi quand comment pourquoi mon ton son ma ta sa mes tes ses notre votre leur est sont a ai as avec sans pour par \
                 dans sur sous en y merci salut coucou bonjour bonsoir allez alors bon voila tout toute tous y'a",
        articles: "le la un une les des du",
        verbs: "est etait a va vient veut voulait demande dit apporte paie prend donne doit pense propose offre invite remercie \
                retrouve recupere part arrive peut pourra ne n' se s' lui fait prete achete envoie ecrit appelle rappelle promet \
                prefere refuse oublie cherche ferme signe garde rend passe sera aura viendra",
        genitives: &[],
    },
    street: r"\b\d+(?: ?bis| ?ter)?,? (?:rue|avenue|av\.|boulevard|bd|place|chemin|allee|quai|impasse) (?:de la |de l'|de |du |des |d')?(?-i:[A-Z][a-z]+)(?:(?: |-)(?-i:[A-Z][a-z]+))*",
    questions: "tu peux|peux-tu|tu viens|viens-tu|tu veux|tu as|est-ce que tu|t'as|pourrais-tu",
};
