"""Names of tracks and folders as words with meanings, for ``role_names``.

The vocabulary stands as words read after folding: lower case, Latin letters without
accents, compatibility forms unified. A meaning is a drum ("kick"), what places a microphone
("in", "top", "left"), the whole "kit", "process" (bus, return, effect), "other" (another
instrument), or "noise" (says nothing).

To add a word: write it, folded, under its meaning in ``_BY_MEANING``, or in ``_PHRASES`` where
several words say it. A drum's word that means other things as well ("ride", "room") goes into
``WEAK`` too: it counts only where nothing speaks against it. What may begin a word that is
written together ("snbot") goes into ``_GLUED_FIRST``, a microphone's model into ``_MODELS``.
Then add names with it to ``tests/data/role_names.tsv``, with what each must be; a word has one
meaning only, and the tests say where a row does not hold.

A new word is another name of a role that is known. A new role is more: its name in
``roles.ROLE_NAMES``, the rule that finds it in ``role_names``, whether other drums bleed into
it in ``faders/activity``, its slots in ``methods/forest``, its microphone in
``learn/data/microphones``, the role that stands for it where no engineer had it in
``learn/fitting/role_means``; then ``drumgain train``, because models list every role.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

#: a name is read up to here: what follows in a longer one is no name
_MAX_NAME = 200


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: meaning -> its words; a word has one meaning only
_BY_MEANING = {
    "kick": """kick kicks kik kck kk bd kd bassdrum bassdrums kickdrum bombo bumbo cassa
        grancassa bastrumma baskagge kagge basdrum stopa centrala grossetrommel grossecaisse
        basstrommel бочка бочки キック バスドラム バスドラ 킥 킥드럼 底鼓 大鼓""",
    "snare": """snare snares snr snre snar sn sd caja redoblante tarola rullante caixa virvel
        werbel rimshot rimshots rim sidestick crossstick xstick малый рабочий снейр スネア
        スネアドラム 스네어 军鼓 小鼓""",
    "hat": """hat hats hh hho hhc hihat hihats hhat hhats highhat charley charleston charles
        chaston chimbal contratiempo hajhet хэт хет хайхэт хайхет ハイハット ハイハ ハット
        하이햇 踩镲""",
    "tom": """tom toms tt puka kociol kotly том томы томтом タム タムタム 톰 탐 通鼓 嗵鼓""",
    "rack": """rack rk racktom racktoms rt rtom hangetom hange hangpuka hangtom aire""",
    "floor": """floor flr fl ft timpano ftom fltom flrtom floortom floortoms standtom stand
        goliat surdo golvpuka vloertom piso tombasse fltm напольный フロア フロアタム 플로어
        플로어톰 落地通鼓""",
    "ride": """ride rides rd ridecymbal conducao райд ライド ライドシンバル 라이드 叮叮镲""",
    "cymbal": """crash crashes china chinas splash splashes cymbal cymbals cymb cymbs cym cyms
        becken cymbale cymbales platos platillos platillo piatti piatto prato pratos ataque
        bekken bekkens talerze talerz blachy blacha crashbecken stack cymbaler тарелки тарелка
        крэш крэши シンバル クラッシュ チャイナ スプラッシュ 심벌 镲 吊镲""",
    "overhead": """oh ohs ohd ohds overhead overheads overhd overhds ovhd ovhds ovh ovhs overs
        ovr ovrs ovrhd ovrhds ohead oheads aereos aereo panoramici panoramico overhang glyn
        оверхед оверхеды оверы オーバーヘッド 오버헤드""",
    "room": """room rooms rm rms rmm amb ambi ambs ambience ambiance ambiente ambiencia ambient
        ambients raum raume rum kamer ruimte pokoj sala piece pzm fok hall hallway stairwell
        trash crotch wurst комната комнаты рум румы эмбиент ルーム アンビ アンビエンス 룸""",
    "percussion": """perc percs percussion percussions perk tamb tambo tambos tmb tmbo
        tambourine tambourines tamborine pandereta pandeiro tamburyn tamburello
        schellenkranz schellen tamburin tamboerijn shaker shakers shkr cowbell cowbells
        kuhglocke conga congas bongo bongos cabasa claves clave clap claps handclap handclaps
        snap snaps fingersnap fingersnaps triangle woodblock woodblocks cajon djembe timbale
        timbales guiro maraca maracas chime chimes windchimes bell bells agogo tabla vibraslap
        castanets бубен шейкер タンバリン シェイカー カウベル コンガ ボンゴ パーカッション gong
        gongs 퍼커션 탬버린""",
    "sample": """trig trigs trigger triggers triggered triggs trg sample samples sampled smp
        smpl smpls samp samps spl ssd slate augment aug drumagog sampler""",
    "kit": """drum drums drm drms dr drs kit kits drumkit drumkits drumset schlagzeug batterie
        bateria batteria trummor trumset drumstel slagwerk perkusja барабаны барабан ударные
        ドラム ドラムス ドラムセット 드럼 架子鼓 鼓""",
    "in": "in inn inside inner innen dentro interior drin внутри イン",
    "out": "out outside outer outter aussen fuera fuori fora exterior reso front снаружи アウト",
    "sub": "sub subs",
    "top": """top tops tp topp up upper oben dessus haut arriba sopra cima gora верх верхний
        сверху 上 表 トップ""",
    "bottom": """bottom bottoms bot bots bott btm btms bttm btom down dn und under underneath
        lower unten dessous abajo sotto botten dol низ нижний снизу 下 裏 ボトム""",
    "hi": "hi high highest small alto",
    "mid": "mid middle med medium medio",
    "low": "low lo lowest",
    "high tom": "ht",
    "middle tom": "mt",
    "low tom": "lt",
    "left": """l left lft links gauche izq izquierda izquierdo sx sinistra esq esquerda esquerdo
        vanster lewy л лево левый 左""",
    "right": """r right rgt rechts droite der derecha derecho dx destra direita direito hoger
        prawy п право правый 右""",
    "stereo": "stereo st lr str ster estereo ステレオ",
    "mono": "mono mon моно モノ",
    "far": "far near close wide distant fern nah loin back",
    "letter t": "t",
    "letter b": "b",
    "letter k": "k",
    "letter s": "s",
    "process": """verb verbs reverb reverbs rvb revb rev reverbed reverbero riverbero bus buss
        busses buses crush crushed crushing parallel para prll paralel par parcomp ny pcomp
        squash squashed smash smashed return returns rtn ret send sends delay delays dly echo
        aux submix submixes subgroup submaster group grp grupo gruppe groupe vca sum summe somme
        suma plate sidechain sidechained sc dist distortion distorted saturation sat saturated
        spring chamber gatedverb ドラムバス リバーブ バス センド реверб шина группа 버스 리버브
        드럼버스""",
    "effects": "fx efx",
    "over": "over",
    "comp": "comp comps compressor compression compressed",
    "mix": "mix mixdown all master",
    "other": """guitar guitars guitarra guitarras guitare guitares guit guitr gtr gtrs git gits
        gitarre gitarren gitarr gitaar gitara chitarra chitarre egtr agtr acgtr eg ag гитара
        гитары ギター bass basse basso bajo baixo bas bassdi basgitarr bassgtr bassguitar
        kontrabass contrabass subbass бас ベース vocal vocals vocalist vox vx voc vocs voice
        voices vokal vokaler wokal voz voces vozes voix voce voci gesang stimme sang zang вокал
        голос ボーカル 歌 bgv bgvs bv bvs bvox lv lvox ldvox choir chor choirs choeur harmony
        harmonies harm singer singers synth synths synthesizer syn pad pads piano pianos pno
        klavier keys keyboard keyboards kbd rhodes wurli wurlitzer organ orgel hammond clav
        string strings strs violin violins viola cello horn horns brass trumpet trumpets tpt
        trombone tbn sax saxes saxophone flute clarinet banjo mandolin ukulele uke accordion
        akkordeon harmonica harp harpsichord marimba vibraphone vibes glockenspiel glock
        xylophone celesta lead leads arp arps pluck theremin talkback tb speech dialog dialogue
        narrator podcast orchestra orch timpani пианино клавиши 钢琴 ピアノ シンセ 베이스 보컬
        기타 피아노 贝斯 吉他 人声 主唱""",
    "noise": """mic mics mike mikes mikro mikrofon micro audio track trk ch chan channel take tk
        cons dup dupe copy edit edited edits ed glued render rendered stretched quant quantized
        tight clean raw wav aif aiff flac fix fixed new old alt main center centre ctr cent spot
        side shell head batter beater brush brushes open closed foot pedal edge gate gated eq
        dry wet final best bip bnc chorus verse bridge intro outro single double quarter full
        ribbon condenser dynamic tube xy ort ortf ms ab blumlein johns pair inch inches zoll
        bundle live loud soft hard the of and print printed prints stem stems de del di da la le
        el et coles telefunken shure neumann akg audix sennheiser beyer beyerdynamic royer aea
        rode dpa schoeps earthworks yamaha elam fet avantone heil josephson milab oktava samson
        peluso electrovoice ev sony altec warm lewitt se ck mkiv lauten stager cascade mxl
        behringer superlux presonus sontronics manley soyuz violet brauner gefell mojave wunder
        flea ehrlund crown astatic unidyne austrian""",
}

#: word -> meaning
_MEANINGS = {word: meaning for meaning, words in _BY_MEANING.items() for word in words.split()}

#: words in a row -> words that say the same
_PHRASES = {
    tuple(phrase.split()): tuple(words.split())
    for phrase, words in {
        "bass drum": "kick",
        "bas drum": "kick",
        "bass trommel": "kick",
        "бас барабан": "kick",
        "бас бочка": "kick",
        "grosse trommel": "kick",
        "gr trommel": "kick",
        "grosse caisse": "kick",
        "gr caisse": "kick",
        "gran cassa": "kick",
        "kleine trommel": "snare",
        "kl trommel": "snare",
        "kleine trom": "snare",
        "caisse claire": "snare",
        "малый барабан": "snare",
        "side stick": "snare",
        "cross stick": "snare",
        "x stick": "snare",
        "rim shot": "snare",
        "rim click": "snare",
        "hi hat": "hihat",
        "hi hats": "hihat",
        "high hat": "hihat",
        "high hats": "hihat",
        "h hat": "hihat",
        "h h": "hihat",
        "хай хэт": "hihat",
        "o h": "overhead",
        "o hs": "overhead",
        "over head": "overhead",
        "over heads": "overhead",
        "oh s": "overhead",
        "tom basse": "floortom",
        "f tom": "floortom",
        "tom f": "floortom",
        "fl tom": "floortom",
        "r tom": "racktom",
        "h tom": "racktom",
        "ride cymbal": "ride",
        "ride bell": "ride",
        "ovr hd": "overhead",
        "bell tree": "bells",
        "sd 3": "superior drummer",
        "ii": "2",
        "iii": "3",
        "iv": "4",
        "front of kit": "fok",
        "wood block": "woodblock",
        "hand clap": "handclap",
        "hand claps": "handclaps",
        "finger snap": "fingersnap",
        "finger snaps": "fingersnaps",
        "room tone": "speech",
        "head room": "speech",
        "cc dessus": "snare top",
        "cc dessous": "snare bottom",
        "l r": "stereo",
        "ko": "k out",
        "esteira": "snare bottom",
        "stoh": "stereo oh",
        "subkick": "sub kick",
        "subkicks": "sub kick",
    }.items()
}

#: words of drums that mean other things too; all of them stand in ``_BY_MEANING``
WEAK = _set(
    """hat hats charles tom toms tt timpano puka aire rack rk rt rtom hange floor flr fl ft
        stand goliat surdo piso ride rides rd stack china splash ataque oh over overs ovr ovrs
        glyn room rooms rm rms amb ambi ambs ambience ambiance ambiente ambiencia ambient
        ambients raum rum kamer ruimte sala piece hall hallway stairwell trash crotch wurst pzm
        clap snap snaps bell triangle clave samp sample samples spl slate aug augment sampler
        rim caja caixa cassa prato piatto рабочий малый том stopa centrala pokoj"""
)

#: what may stand first in a word that is written together, like "snbot" or "ohl"
_GLUED_FIRST = _set(
    """kick kik bd kd snare snr sn sd k tom rack floor oh ohs ovh ovhd overhead overheads room
        rm hat hh hihat ride crash cym cymbal drum drums drm dr kit sub amb tamb shaker conga
        bongo mono bass"""
)
#: the last letter may be a side only after these: "ohl" and "roomr", but not "rider"
_SIDED = _set("oh ovh ovhd overhead room rm amb")

#: model designations, which hold numbers that are no ordinals
_MODELS = (
    r"(?:sm|md|km|kms|kmr|tlm|re|ns|ar|cu|at|atm|mkh|nt|ksm|pga|cmc|adx|elam|fet|beta)"
    r"[ _-]?\d{1,4}[a-z]?|[aciekmuv][1-9]\d{1,3}[a-z]?|b(?:52|56|57|91|98)a?|d112|d1?[246]|i5"
    r"|r(?:10|44|84|88|92|121|122)|47[ _]?fet"
)
#: models that stand at the same place on a kick drum wherever they are used
_PLACED_MODELS = {
    "in": r"(?:beta[ _]?|b)91a?",
    "out": r"u[ _]?47|fet[ _]?47|47[ _]?fet",
    "sub": r"ns[ _-]?10",
}


@dataclass(frozen=True, slots=True)
class Token:
    """A word or number, with what separates it from the one before."""

    text: str
    meaning: str
    separator: str


@dataclass(frozen=True, slots=True)
class Words:
    """A name that was read. ``placed``: where its microphone model stands on a kick drum."""

    tokens: tuple[Token, ...]
    meanings: frozenset[str]
    placed: str | None

    def has(self, *meanings: str) -> bool:
        """Whether a word has one of these meanings."""
        return not self.meanings.isdisjoint(meanings)

    @property
    def foreign(self) -> bool:
        """Whether a word is no vocabulary of drum recordings."""
        return "unknown" in self.meanings


_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_PARTS = re.compile(r"[^\W\d_]+|\d+")
_MODEL = re.compile(rf"(?<![^\W_])(?:{_MODELS})(?![^\W_])")
_PLACED = re.compile(
    "(?<![^\\W_])(?:"
    + "|".join(f"(?P<{place}>{models})" for place, models in _PLACED_MODELS.items())
    + ")(?![^\\W_])"
)
_LONGEST_PHRASE = max(map(len, _PHRASES))
_PHRASE_STARTS = frozenset(phrase[0] for phrase in _PHRASES)


def read(name: str) -> Words:
    """The words of a name with their meanings. Never raises, in bounded time."""
    return _read(name[:_MAX_NAME])


@lru_cache(maxsize=1024)
def _read(name: str) -> Words:
    text = _fold(_CAMEL.sub(" ", unicodedata.normalize("NFKC", name)))[: 2 * _MAX_NAME]
    placed = _PLACED.search(text)
    tokens = tuple(_tokens(_MODEL.sub(" mic ", text)))
    meanings = frozenset(token.meaning for token in tokens)
    return Words(tokens, meanings, placed.lastgroup if placed else None)


def _fold(text: str) -> str:
    """Lower case, and Latin letters without their accents."""
    if text.isascii():
        return text.lower()
    letters = []
    for letter in text.casefold().replace("ł", "l").replace("ø", "o"):
        plain = unicodedata.normalize("NFD", letter)
        letters.append(plain[0] if plain[0].isascii() else letter)
    return "".join(letters)


def _tokens(text: str) -> Iterator[Token]:
    parts: list[tuple[str, str]] = []
    end = 0
    for match in _PARTS.finditer(text):
        separator = text[end : match.start()]
        for part in _cut(match.group()):
            parts.append((part, separator))
            separator = ""
        end = match.end()
    place = 0
    while place < len(parts):
        words, length = _phrase(parts, place)
        separator = parts[place][1]
        for word in words:
            yield Token(word, _meaning(word), separator)
            separator = " "
        place += length


def _phrase(parts: list[tuple[str, str]], place: int) -> tuple[tuple[str, ...], int]:
    """The words that the phrase at this place stands for, and its length in parts."""
    if parts[place][0] in _PHRASE_STARTS:
        for length in range(min(_LONGEST_PHRASE, len(parts) - place), 0, -1):
            phrase = tuple(part for part, _ in parts[place : place + length])
            if phrase in _PHRASES:
                return _PHRASES[phrase], length
    return (parts[place][0],), 1


def _meaning(word: str) -> str:
    if word.isdecimal():
        return "number"
    return _MEANINGS.get(word) or ("letter" if len(word) == 1 else "unknown")


def _cut(run: str) -> tuple[str, ...]:
    """A run of letters as the words that are written together in it, or as it is."""
    if run in _MEANINGS or (run,) in _PHRASES or len(run) > 24:
        return (run,)
    for place in range(len(run) - 1, 0, -1):
        first, rest = run[:place], run[place:]
        if first not in (_GLUED_FIRST if run.isascii() else _MEANINGS):
            continue
        if rest in _MEANINGS and _may_follow(first, rest):
            return (first, rest)
        after = _cut(rest)
        if len(after) > 1 and _may_follow(first, after[0]):
            return (first, *after)
    return (run,)


def _may_follow(first: str, rest: str) -> bool:
    if first == "k":
        return _MEANINGS[rest] in ("in", "out", "sub", "sample") and len(rest) > 1
    if _MEANINGS[first] == "snare" and _MEANINGS[rest] in ("in", "out"):
        return False
    if len(rest) == 1 and rest.isascii():
        if _MEANINGS[rest] in ("left", "right"):
            return first in _SIDED
        return _MEANINGS[first] == "snare" and rest in "tb"
    return len(rest) > 3 or _MEANINGS[rest] != "noise"
