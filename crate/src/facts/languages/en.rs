//! English words.

use super::words::Follow::{Any, Boundary, NoUnit};
use super::words::Minutes::{Add, Before, Read};
use super::words::{DateWords, Language, MoneyWords, NameWords, NumberWords, TimeWords};

pub static ENGLISH: Language = Language {
    code: "en",
    numbers: NumberWords {
        to_twenty: "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen \
                    seventeen eighteen nineteen twenty",
        tens: "thirty forty fifty sixty seventy eighty ninety",
        compounds: &["T-U", "T U"],
        others: &[],
        scales: &[("hundred", 100), ("thousand", 1000), ("million", 1_000_000), ("k", 1000)],
        loose: &[("a", 1), ("an", 1), ("both", 2), ("dozen", 12), ("quarter", 15), ("half", 30), ("couple", 2)],
        homographs: "",
        comma_decimals: false,
    },
    times: TimeWords {
        patterns: &[
            (r"{h}(?: ?: ?| ){m} ?(?:o'?clock)?{half}", Read, Any),
            (r"{H}\.{m} ?{half}", Read, Any),
            (r"{h} ?(?:o ?'? ?clock){half}?", Read, Any),
            (r"{h} ?{half}", Read, Any),
            (r"{H}-?ish", Read, Any),
            (r"half(?: past)? {h}{half}?", Add(30), NoUnit),
            (r"quarter past {h}{half}?", Add(15), Any),
            (r"quarter to {h}{half}?", Add(-15), Any),
            (r"(?<m>five|ten|twenty(?:(?: |-)five)?|5|10|20|25)(?: min(?:ute)?s?)? past {h}{half}?", Read, Any),
            (
                r"(?<range>\bfrom )?(?<m>five|ten|twenty(?:(?: |-)five)?)(?: min(?:ute)?s?)? (?:to|before) {h}{half}?",
                Before,
                NoUnit,
            ),
            (r"\b(?:at|by|around|until|till|before|after|from|about|of|do) (?<t>{H}[.]{m}{half}?)", Read, NoUnit),
            (r"\b(?:at|@) ?(?<t>(?<h>0\d|1\d|2[0-3])(?<m>[0-5]\d))", Read, NoUnit),
            (r"\b(?:lands|leaves|departs|arrives) (?<t>(?<h>0\d|1\d|2[0-3])(?<m>[0-5]\d))", Read, NoUnit),
            (r"\b(?:at|@) ?(?:about |around )?(?<t>{h})", Read, NoUnit),
            (r"\b(?:by|around|until|till|before|after|since|about|ok|make it|instead of) (?<t>{h})", Read, Boundary),
        ],
        phrases: &[("noon|midday", 12), ("midnight", 0)],
        am: r"a\. ?m\.|am\b|in the morning",
        pm: r"p\. ?m\.|pm\b|in the afternoon|in the evening",
        night: "at night",
        between: "at|by|around|about|from|before|after|until|till",
        range: "to|until|till",
        between_and: ("between", "and"),
        lengths: "in|for|takes?|took|another|within|every|lasts?",
        units: "percent|years?|months?|weeks?|days?|hours?|hrs?|minutes?|mins?|seconds?|km|kg|g|m|cm|ml|miles?|degrees?|\
                people|persons?|adults|kids|children|points?|times|litres?|units?|pages?|of them",
        boundary: "and|or|so|if|then|but|because|cause|please|pls|plz|today|tomorrow|tmrw|tonight|on|in|for|at|with|the|\
                   this|sharp|latest|it|when|unless|already|ok|works|is|to|promise|thanks|i|you|we|he|she|they|as",
    },
    dates: DateWords {
        months: [
            "january|jan",
            "february|feb",
            "march",
            "april|apr",
            "may",
            "june|jun",
            "july|jul",
            "august|aug",
            "september|sept|sep",
            "october|oct",
            "november|nov",
            "december|dec",
        ],
        weekdays: [
            "mondays?|mon",
            "tuesdays?|tues?",
            "wednesdays?|(?-i:Weds?)",
            "thursdays?|thu(?:rs?)?",
            "fridays?|fri",
            "saturdays?|(?-i:Sat)",
            "sundays?|(?-i:Sun)",
        ],
        before_months: "in|since|until|till|by|before|after|next|last|of|this|every|all|mid|from|end of|early|late",
        patterns: &[
            (r"(?:{weekday},? )?(?:the )?{day}(?:st|nd|rd|th)?(?: of)? {month}(?:,? {year})?", Any),
            (r"(?:{weekday},? )?{month} (?:the )?{day}(?:st|nd|rd|th)?\b(?:,? {year})?", Any),
            (r"{weekday},? the {day}(?:st|nd|rd|th)", Any),
            (r"{month} {year}", Any),
            (r"\bthe {day}(?:st|nd|rd|th)", Boundary),
            (r"{before} (?<t>{month})", Any),
            (r"\b(?<month>january|february|april|june|july|august|september|october|november|december)", Any),
            (r"(?<t>(?<weekday>weds?|sat|sun)) (?:at )?\d", Any),
            (r"{weekday}(?: (?<am>morning)| (?<pm>afternoon|evening|night))?", Any),
        ],
        relative: &[
            (r"\bday after tomorrow", 2),
            (r"\bday before yesterday", -2),
            (r"\b(?:tomorrow|tmrw|tmr|tomoz)(?: (?<am>morning)| (?<pm>afternoon|evening|night))?", 1),
            (r"\btoday", 0),
            (r"\b(?<pm>tonight|tonite|this (?:afternoon|evening))", 0),
            (r"\b(?<am>this morning)", 0),
            (r"\byesterday(?: (?<am>morning)| (?<pm>afternoon|evening))?", -1),
            (r"\blast night", -1),
        ],
        ahead: r"\bin {n} days?\b",
        morning: None,
        past: "last|since|past",
        open: "next|every|each",
        month_first: true,
    },
    money: MoneyWords {
        currencies: &[
            ("euros?|eur", "EUR"),
            ("dollars?|bucks?|usd", "USD"),
            ("pounds?|quid|gbp", "GBP"),
            ("chf|swiss francs?|francs?", "CHF"),
            ("rupees?|inr", "INR"),
            ("pence", "pence"),
            ("cents?", "cent"),
        ],
        phrases: &[("a fiver", 5.0, "GBP"), ("a tenner", 10.0, "GBP")],
        not_after: "lost|gained|weighs?|weighing|lose|gain",
        not_before: "of|heavier|lighter|overweight",
    },
    names: NameWords {
        nouns_have_capitals: false,
        titles: r"mr|mrs|ms|miss|dr|doctor|prof|professor|sir|aunt|auntie|uncle|aunty|coach|nurse|father|sister|granny|grandma|grandpa",
        before: "with|and|ask|tell|asks|tells|for|from|by|call|text|thanks|than|met|see|invite|hi|hey|hello",
        before_places: "in|to|from|near|via|around|at|towards",
        places: "london paris berlin madrid barcelona lisbon rome leeds manchester liverpool bristol glasgow edinburgh dublin \
                 vienna munich cologne hamburg brussels amsterdam york brighton oxford cambridge spain france germany italy \
                 england scotland wales ireland europe",
        homographs: "will may mark rose bill grace hope joy june april august sun sunny art gene jack bob pat sue frank drew \
                     rob dawn eve ivy holly lily daisy poppy heather amber ruby pearl faith charity chase dean earl grant guy \
                     hunter mason max miles penny ray reed rich rusty summer autumn victor wade wren blessing comfort sky \
                     skye star violet melody harmony honey candy ginger sandy kitty chip chuck don peg nick van cash king \
                     prince duke major page story robin jay so an in do de ha no an can al my mo si le la sol mar tim",
        capitals: "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august \
                   september october november december christmas easter halloween english spanish french german italian mr mrs \
                   ms dr ok tv pm am i wifi whatsapp new year day eve valentine saint san eid mass internet",
        common: "the a an he she it they we you i who what when where why how is are was were do does did can could would \
                 should has have had and or but so if then yes no not ok okay thanks thank please my your his her our their \
                 this that these those there here all both one two in on at for from to of with by after before until as just \
                 let lets don isn",
        articles: "the a an",
        verbs: "is was has will wants wanted asks asked says said tells told brings pays takes gets gives goes needs thinks \
                offers suggests agrees plans invites wonders thanks meets picks collects leaves arrives comes can can't cannot \
                can could should would does did doesn't didn't won't isn't wasn't hasn't forgot forgets reminds promises \
                proposes prefers refuses helps cooks lends borrows buys sends writes calls",
        genitives: &["'s", "s'"],
    },
    street: r"\b\d+[a-z]?,? (?-i:(?:[A-Z][a-z]+ ){1,3}(?:Street|St|Road|Rd|Lane|Ln|Avenue|Ave|Drive|Square|Close|Way|Court|Crescent|Terrace))\b",
    questions: "can you|could you|will you|would you|do you|are you|have you|did you|what do you|where are you|when do you|how \
                do you",
};
