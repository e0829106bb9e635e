//! Spanish words.

use super::words::Follow::{Any, Boundary, NoUnit};
use super::words::Minutes::{Add, Before, Read};
use super::words::{DateWords, Language, MoneyWords, Morning, NameWords, NumberWords, TimeWords};

pub static SPANISH: Language = Language {
    code: "es",
    numbers: NumberWords {
        to_twenty: "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciseis \
                    diecisiete dieciocho diecinueve veinte",
        tens: "treinta cuarenta cincuenta sesenta setenta ochenta noventa",
        compounds: &["T y U"],
        others: &[
            ("una", 1),
            ("veintiuno", 21),
            ("veintiun", 21),
            ("veintidos", 22),
            ("veintitres", 23),
            ("veinticuatro", 24),
            ("veinticinco", 25),
            ("veintiseis", 26),
            ("veintisiete", 27),
            ("veintiocho", 28),
            ("veintinueve", 29),
        ],
        scales: &[
            ("cien", 100),
            ("ciento", 100),
            ("doscientos", 200),
            ("doscientas", 200),
            ("trescientos", 300),
            ("trescientas", 300),
            ("quinientos", 500),
            ("quinientas", 500),
            ("mil", 1000),
            ("k", 1000),
        ],
        loose: &[("un", 1), ("ambos", 2), ("ambas", 2), ("docena", 12), ("cuarto", 15), ("media", 30), ("par", 2)],
        homographs: "uno una",
        comma_decimals: true,
    },
    times: TimeWords {
        patterns: &[
            (r"{h} ?: ?{m} ?(?:h(?:oras|rs|s)?\b)?{half}?", Read, Any),
            (r"{H} ?(?:h\b|hs\b|h ?{m}){half}?", Read, NoUnit),
            (r"\blas? (?<t>{h} y media{half}?)", Add(30), Any),
            (r"\blas? (?<t>{h} y cuarto{half}?)", Add(15), Any),
            (r"\blas? (?<t>{h} menos cuarto{half}?)", Add(-15), Any),
            (r"\blas? (?<t>{h} menos {w}{half}?)", Before, Any),
            (r"\blas? (?<t>{h} (?:y|con) {w}{half}?)", Read, Any),
            (r"\ba las? (?<t>{H}[.]{m}{half}?)", Read, NoUnit),
            (r"{h} y media{half}", Add(30), Any),
            (r"{h} ?{half}", Read, Any),
            (r"{H} y media", Add(30), NoUnit),
            (r"{h} menos cuarto", Add(-15), Any),
            (
                r"\b(?:a|hasta|desde|sobre|de|antes de|despues de|tipo|para|hacia|son|entre|y|o|menos|ya|pasadas) las? (?<t>{h}(?: en punto)?)",
                Read,
                NoUnit,
            ),
            (r"^las (?<t>{h})", Read, Boundary),
            (r"[?!,.:] ?las (?<t>{h})", Read, Boundary),
        ],
        phrases: &[("a mediodia|al mediodia|del mediodia", 12), ("a medianoche|a la medianoche|hasta medianoche", 0)],
        am: r"a\. ?m\.|am\b|de la manana|de la madrugada",
        pm: r"p\. ?m\.|pm\b|de la tarde|del mediodia",
        night: "de la noche",
        between: "a|a las|a la|las|sobre las|hacia las|desde las|hasta las",
        range: "a|hasta|a las|hasta las",
        between_and: ("entre", "y"),
        lengths: "en|durante|dura|duran|tras|unas|cada|hace|faltan|quedan|llevo",
        units: "por ciento|anos?|meses|mes|semanas?|dias?|horas?|minutos?|min|segundos?|km|kg|g|m|cm|ml|grados?|personas?|\
                adultos|ninos|ninas|puntos?|veces|litros?|paginas?|mil|hermanas|amigas|chicas|cosas|llaves|entradas|sillas|y",
        boundary: "y|o|asi|si|pero|porque|por|hoy|manana|en|con|para|como|que|no|ya|mejor|vale|ok|entonces|a|cuando|de|del|se|\
                   me|te|el|la|los|las|esta",
    },
    dates: DateWords {
        months: [
            "enero|ene",
            "febrero|feb",
            "marzo",
            "abril|abr",
            "mayo",
            "junio",
            "julio",
            "agosto",
            "septiembre|setiembre|sept|sep",
            "octubre|oct",
            "noviembre|nov",
            "diciembre|dic",
        ],
        weekdays: [
            "lunes|lun",
            "martes",
            "miercoles|mie",
            "jueves|jue",
            "viernes|vie",
            "sabados?|sab",
            "domingos?|dom",
        ],
        before_months: "mes de|en|desde|hasta|para|de|a finales de|a principios de|todo|este|proximo",
        patterns: &[
            (r"(?:{weekday},? )?(?:el )?(?:dia )?{day} de {month}(?: (?:de|del) {year})?", Any),
            (r"(?:{weekday},? )?(?:el )?(?:dia )?{day} {month}(?: {year})?", Any),
            (r"{weekday},? (?:dia )?{day}\b", Boundary),
            (r"{month} (?:de |del )?{year}", Any),
            (r"\bel dia {day}\b", Any),
            (r"\b(?:el|al|del) {day}\b", Boundary),
            (r"{before} (?<t>{month})", Any),
            (r"\b(?<month>enero|febrero|marzo|mayo|junio|agosto|septiembre|octubre|noviembre|diciembre)", Any),
            (
                r"{weekday}(?: (?:por|a) la (?:(?<am>manana)|(?<pm>tarde|noche))| (?:(?<am2>manana)|(?<pm2>tarde|noche))\b)?",
                Any,
            ),
        ],
        relative: &[
            (r"\bpasado manana", 2),
            (r"\banteayer|\bantier", -2),
            (r"\bmanana (?:por|a|en) la (?:(?<am>manana)|(?<pm>tarde|noche))", 1),
            (r"\bmanana", 1),
            (r"\bhoy", 0),
            (r"\besta (?<pm>tarde|noche)", 0),
            (r"\besta (?<am>manana)", 0),
            (r"\banoche", -1),
            (r"\bayer", -1),
        ],
        ahead: r"\b(?:en|dentro de) {n} dias?\b",
        morning: Some(Morning {
            word: "manana",
            after: "la una media cada buena toda otra misma lunes martes miercoles jueves viernes sabado domingo",
            before: "",
            has_capital: false,
        }),
        past: "pasado|pasada|desde",
        open: "proximo|cada|los|todos los|que viene",
        month_first: false,
    },
    money: MoneyWords {
        currencies: &[
            ("euros?|eur|leuros?", "EUR"),
            ("dolar(?:es)?|usd", "USD"),
            ("libras? esterlinas?|gbp", "GBP"),
            ("francos?|chf", "CHF"),
            ("soles|pen", "PEN"),
            ("pesos?", "peso"),
            ("centimos?|centavos?", "cent"),
        ],
        phrases: &[],
        not_after: "",
        not_before: "",
    },
    names: NameWords {
        nouns_have_capitals: false,
        titles: r"sr|sra|srta|senor|senora|senorita|don|dona|dr|dra|doctor|doctora|tio|tia|profe|profesor|profesora|abuelo|abuela",
        before: "con|y|e|para|dile|pregunta|preguntale|avisa|llama|gracias|hola|que",
        before_places: "en|a|desde|hasta|hacia",
        places: "madrid barcelona sevilla valencia bilbao zaragoza malaga granada toledo lisboa paris londres roma berlin bogota \
                 lima quito cordoba salamanca vigo cadiz espana francia alemania italia portugal mexico argentina europa",
        homographs: "ella lea sean linda sol mar paz luz cruz rosa flor blanca clara abril julio dolores consuelo socorro remedios \
                     nieves estrella aurora perla leon santos domingo angel cielo salvador amparo concha \
                     esperanza candela vale vera valle ale noe ser de la el no si ha al chata turco capi mono rubio rubi \
                     celeste sole cata tito tata nena",
        capitals: "lunes martes miercoles jueves viernes sabado domingo enero febrero marzo abril mayo junio julio agosto \
                   septiembre octubre noviembre diciembre navidad reyes pascua semana santa san valentin nochevieja nochebuena eid ok tv dni bizum whatsapp wifi",
        common: "el la los las un una unos unas lo le les me te se nos os yo tu usted ella nosotros ellos que quien cuando donde \
                 como por para con sin en a de del al y e o u pero si no ya es son era esta este esto eso esa hay ha he han mi su \
                 sus mis tus todos todo vale gracias hola oye mira hoy ayer",
        articles: "el la un una los las al del",
        verbs: "es era esta estaba ha va viene quiere queria pregunta dice dijo trae paga lleva coge da necesita cree ofrece \
                propone acuerda planea invita agradece queda recoge sale llega puede podra debe no se le tiene hara hace cocina \
                presta compra manda escribe llama recuerda promete prefiere avisa pide olvido busca deja cierra firma",
        genitives: &[],
    },
    street: r"\b(?:calle|avenida|avda\.?|plaza|paseo|c/) ?(?:de |del |de la )?(?-i:[A-Z][a-z]+(?: (?:de |del )?[A-Z][a-z]+)*),? (?:n\.? ?)?\d+\b",
    questions: "puedes|podrias|vienes|quieres|tienes|sabes|me puedes|te va|has",
};
