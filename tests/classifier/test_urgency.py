"""What is danger and what only sounds like it. The tables are the specification (domain.md, section 5.3)."""

import pytest

from classifier.urgency import NOT_NOW_ENDING
from models import EvidenceKind, Intent
from tests.classifier.conftest import Understand

DANGER = [
    # English, every family
    ("fire", "there's a fire at the house next door"),
    ("fire", "car on fire at 5th and Market"),
    ("fire", "Thick black smoke coming from the vacant building on Erie"),
    ("fire", "the dumpster behind 2230 N 5th is burning"),
    ("fire", "HOUSE FIRE 1200 block of Dauphin"),
    ("fire", "smoke alarm going off upstairs and nobody answers"),
    ("explosion", "just heard an explosion and the windows shook"),
    ("explosion", "a manhole exploded on Chestnut"),
    ("gas", "strong smell of gas outside 1820 Pine"),
    ("gas", "it smells like rotten eggs in the whole stairwell"),
    ("gas", "contractor hit a gas line, you can hear it hissing"),
    ("gas", "I smell gas"),
    ("wires", "power line down across Ridge Ave"),
    ("wires", "transformer is sparking on our pole"),
    ("wires", "live wire hanging into the playground"),
    ("wires", "the wires are arcing in the rain"),
    ("wires", "got shocked touching the light pole"),
    ("wires", "exposed wires at the base of the lamp, kids walk by"),
    ("violence", "shots fired on our corner right now"),
    ("violence", "man with a knife outside the library"),
    ("violence", "someone is breaking into the house across the street right now"),
    ("violence", "he is beating her on the sidewalk"),
    ("violence", "woman screaming for help in the park"),
    ("violence", "we are being robbed at the laundromat"),
    ("medical", "man unconscious on the bench, not breathing"),
    ("medical", "looks like an overdose at the bus stop"),
    ("medical", "a cyclist is bleeding in the street"),
    ("medical", "please send an ambulance to Clark Park"),
    ("medical", "an old woman collapsed on the sidewalk"),
    ("medical", "a kid was hit by a car at the crosswalk"),
    ("crash", "bad crash at Broad and Erie, people are hurt"),
    ("crash", "a car flipped over on the Boulevard"),
    ("crash", "truck crashed into a house on Frankford"),
    ("collapse", "the rowhouse next door just collapsed"),
    ("collapse", "bricks falling from the facade onto the sidewalk"),
    ("collapse", "porch roof is about to fall on people"),
    ("sinkhole", "sinkhole swallowed a car on Girard"),
    ("sinkhole", "the street caved in in front of my house"),
    ("sinkhole", "manhole is open, no cover, in the middle of the road"),
    ("trapped", "people trapped in the elevator"),
    ("trapped", "baby locked in a hot car at the market lot"),
    ("trapped", "little boy wandering alone in the street"),
    ("flood", "water is rising in our basement fast"),
    ("flood", "water main broke, the street is a river"),
    ("flood", "cars are floating on Main Street in Manayunk"),
    ("suicide", "I want to kill myself"),
    ("suicide", "there's a man about to jump off the bridge"),
    ("suicide", "I want to die"),
    ("carbon_monoxide", "carbon monoxide alarm won't stop"),
    ("carbon_monoxide", "our CO detector is beeping and we feel dizzy"),
    ("tree_on_wires", "big tree fell on the power lines"),
    ("chemical", "chemical spill from a tanker on Delaware Ave"),
    ("train", "a person is on the train tracks"),
    ("fire", "#HouseFire on 9th"),
    ("fire", "heeeelp the building is on fireeee"),
    ("fire", "The pot\u200bhole is fine but the house is on f\u200bire"),
    # Spanish
    ("fire", "¡Hay fuego en la casa de mi vecino!"),
    ("fire", "se está quemando un edificio en la 5ta"),
    ("gas", "huele mucho a gas en la cuadra"),
    ("wires", "un cable caído echando chispas"),
    ("violence", "hay un hombre con una pistola"),
    ("violence", "escuchamos balazos ahorita"),
    ("medical", "una señora inconsciente, no respira"),
    ("crash", "choque fuerte en la esquina, hay heridos"),
    ("collapse", "el techo se está cayendo"),
    ("trapped", "hay un niño solo dentro del carro"),
    ("flood", "el agua está subiendo y se metió a la casa"),
    ("suicide", "ya no quiero vivir, quiero morirme"),
    ("carbon_monoxide", "suena la alarma de monóxido"),
    # Chinese, simplified and traditional
    ("fire", "隔壁房子着火了"),
    ("fire", "隔壁房子著火了，冒濃煙"),
    ("gas", "楼道里有很重的煤气味"),
    ("gas", "聞到瓦斯味"),
    ("wires", "电线掉在地上冒火花"),
    ("wires", "電線斷了掉在地上"),
    ("violence", "有人持枪"),
    ("violence", "有人拿刀，救命"),
    ("medical", "有个老人昏倒了，没有呼吸"),
    ("medical", "有人受傷流血"),
    ("crash", "这里发生车祸"),
    ("collapse", "墙快要倒塌了"),
    ("trapped", "电梯里有人被困"),
    ("trapped", "孩子一個人被鎖在車裡"),
    ("flood", "洪水冲走了车"),
    ("suicide", "我不想活了"),
    ("suicide", "有人想跳樓"),
    ("carbon_monoxide", "一氧化碳报警器响了"),
    # Vietnamese
    ("fire", "nhà hàng xóm đang cháy"),
    ("gas", "có mùi ga rất nặng"),
    ("wires", "dây điện đứt rơi xuống đường"),
    ("violence", "có người cầm súng"),
    ("medical", "có người bất tỉnh, không thở"),
    ("crash", "tai nạn xe nghiêm trọng"),
    ("collapse", "mái nhà sắp sập"),
    ("trapped", "có người bị kẹt trong thang máy"),
    ("suicide", "tôi muốn chết, không muốn sống nữa"),
    # Russian
    ("fire", "В соседнем доме пожар"),
    ("gas", "сильно пахнет газом в подъезде"),
    ("wires", "оборванный провод лежит на земле и искрит"),
    ("violence", "слышны выстрелы на улице"),
    ("violence", "человек с ножом у магазина"),
    ("medical", "мужчина лежит без сознания, вызовите скорую"),
    ("crash", "ДТП, есть пострадавшие"),
    ("collapse", "обрушилась стена дома"),
    ("trapped", "люди застряли в лифте"),
    ("trapped", "ребенок заперт в машине"),
    ("flood", "вода поднимается, затопило подвал"),
    ("suicide", "я хочу умереть"),
    ("carbon_monoxide", "сработал датчик, угарный газ"),
    # Ukrainian
    ("fire", "горить будинок на нашій вулиці"),
    ("gas", "сильний запах газу"),
    ("wires", "обірваний дріт іскрить на дорозі"),
    ("violence", "чути постріли"),
    ("medical", "людина непритомна, викличте швидку"),
    ("trapped", "дитина зачинена сама в машині"),
    ("suicide", "не хочу жити"),
    # Arabic
    ("fire", "يوجد حريق في المبنى المجاور"),
    ("gas", "رائحة غاز قوية في الشارع"),
    ("wires", "سلك كهرباء مقطوع على الأرض"),
    ("violence", "نسمع إطلاق نار الآن"),
    ("violence", "رجل معه سكين"),
    ("medical", "رجل فاقد الوعي لا يتنفس"),
    ("crash", "حادث سيارة خطير وهناك مصابين"),
    ("collapse", "انهار سقف المنزل"),
    ("trapped", "طفل محبوس داخل السيارة"),
    ("flood", "المياه ترتفع بسرعة وتدخل البيت"),
    ("suicide", "أريد أن أموت"),
    # Haitian Creole
    ("fire", "kay vwazen an pran dife"),
    ("gas", "gen yon gwo sant gaz"),
    ("wires", "fil elektrik tonbe atè a"),
    ("violence", "nou tande kout zam"),
    ("medical", "yon moun pèdi konesans, li pa ka respire"),
    ("trapped", "gen yon timoun poukont li nan machin nan"),
    ("flood", "dlo ap monte nan kay la"),
    ("suicide", "mwen vle mouri"),
    # French
    ("fire", "Il y a un incendie dans l'immeuble"),
    ("fire", "une voiture en feu rue Spruce"),
    ("gas", "forte odeur de gaz dans la rue"),
    ("wires", "un câble électrique tombé par terre"),
    ("violence", "on entend des coups de feu"),
    ("medical", "un homme inconscient, il ne respire plus"),
    ("crash", "accident grave, il y a des blessés"),
    ("collapse", "le plafond s'est effondré"),
    ("trapped", "des gens coincés dans l'ascenseur"),
    ("suicide", "j'ai envie de mourir"),
    # Portuguese
    ("fire", "o prédio está pegando fogo"),
    ("gas", "cheiro forte de gás na rua"),
    ("wires", "fio caído no chão soltando faíscas"),
    ("violence", "homem armado na esquina"),
    ("medical", "uma pessoa inconsciente, não respira"),
    ("crash", "acidente grave com feridos"),
    ("collapse", "o muro desabou"),
    ("trapped", "criança sozinha dentro do carro"),
    ("flood", "a água está subindo e entrando em casa"),
    ("suicide", "não quero mais viver"),
    # Korean
    ("fire", "옆집에 불이 났어요"),
    ("gas", "가스 냄새가 심하게 나요"),
    ("wires", "전선이 끊어져 바닥에 떨어졌어요"),
    ("violence", "총소리가 들려요"),
    ("medical", "사람이 쓰러졌는데 의식이 없어요"),
    ("crash", "교통사고가 났어요 다친 사람이 있어요"),
    ("collapse", "건물이 무너졌어요"),
    ("trapped", "엘리베이터에 사람이 갇혔어요"),
    ("suicide", "죽고 싶어요"),
    # Khmer
    ("fire", "ភ្លើងឆេះផ្ទះនៅជិតខ្ញុំ"),
    ("gas", "មានក្លិនហ្គាសខ្លាំង"),
    ("wires", "ខ្សែភ្លើងដាច់ធ្លាក់លើដី"),
    ("violence", "មានគេបាញ់កាំភ្លើង"),
    ("medical", "មានមនុស្សសន្លប់ មិនដកដង្ហើម"),
    ("trapped", "ក្មេងជាប់ក្នុងឡានម្នាក់ឯង"),
    ("suicide", "ខ្ញុំចង់ស្លាប់"),
    # Persian
    ("fire", "خانه همسایه آتش گرفته"),
    ("gas", "بوی گاز شدید می آید"),
    ("wires", "سیم برق افتاده روی زمین و جرقه می زند"),
    ("violence", "صدای تیراندازی می آید"),
    ("medical", "یک نفر بیهوش است و نفس نمی کشد"),
    ("crash", "تصادف شدید با چند مجروح"),
    ("trapped", "بچه تنها داخل ماشین مانده"),
    ("suicide", "می خواهم بمیرم"),
    # Pashto
    ("fire", "کور اور اخیستی"),
    ("gas", "د ګاز بوی راځي"),
    ("wires", "د برېښنا مزی لوېدلی او سپرغۍ کوي"),
    ("violence", "ډزې کېږي"),
    ("medical", "یو سړی بې هوښه دی"),
    ("trapped", "ماشوم یوازې په موټر کې بند دی"),
    ("suicide", "زه ځان وژنم"),
    # Bengali
    ("fire", "পাশের বাড়িতে আগুন লেগেছে"),
    ("gas", "গ্যাসের গন্ধ পাচ্ছি"),
    ("wires", "বিদ্যুতের তার ছিঁড়ে রাস্তায় পড়ে আছে"),
    ("violence", "গুলির শব্দ শুনছি, গোলাগুলি চলছে"),
    ("medical", "একজন অজ্ঞান, শ্বাস নিচ্ছে না"),
    ("crash", "সড়ক দুর্ঘটনা হয়েছে"),
    ("trapped", "শিশু গাড়ির ভিতর একা আটকে আছে"),
    ("suicide", "আমি মরতে চাই"),
]

HARMLESS = [
    "this pothole is killing me",
    "I'm dying to know when the pool opens",
    "fire hydrant leaking on Spruce",
    "parked in front of the fire hydrant again",
    "the fire station on 5th needs its lot plowed",
    "fire escape is rusty",
    "weeds are a fire hazard",
    "shot a video of the trash for you",
    "took a shot of the pothole, see photo",
    "your street crew is on fire today, great job",
    "fire the contractor who did this",
    "fireworks every night",
    "someone is going to get killed at this crossing",
    "an accident waiting to happen",
    "before someone gets hurt please fix it",
    "the gas station sign is out",
    "gas prices though",
    "dead tree in front of my house",
    "this dying tree needs to come down",
    "killing time waiting for the bus",
    "can't get out of my driveway, blocked by a car",
    "slow down on our street",
    "the app is down",
    "stop sign was hit by a car",
    "request says in progress since May",
    "the mailbox was struck by a truck",
    "police non emergency line please",
    "pothole on Market",
    "when is trash day?",
    "injured bird near the pond",
    "un hidrante de incendios roto",
    "¿cuándo pasan los fuegos artificiales?",
    "me muero de risa",
    "el semáforo no funciona",
    "消防栓漏水",
    "消防栓壞了",
    "吵死了，睡不着",
    "熱死了，公園沒有水",
    "火车站旁边有垃圾",
    "trụ cứu hỏa bị rò nước",
    "pháo hoa cả đêm",
    "пожарный гидрант течет",
    "фонарь не горит",
    "умираю от смеха",
    "пожежний гідрант тече",
    "ліхтар не горить",
    "سيارة الإطفاء متوقفة",
    "ألعاب نارية طوال الليل",
    "idran ponpye a ap koule",
    "estasyon ponpye a bezwen netwaye",
    "feu d'artifice toute la nuit",
    "le feu rouge est en panne",
    "hidrante de incêndio vazando",
    "morrendo de rir",
    "소화전에서 물이 새요",
    "불꽃놀이 소음",
    "불법 주차 신고합니다",
    "កាំជ្រួចពេញមួយយប់",
    "شیر آتش نشانی نشتی دارد",
    "آتش بازی تا صبح",
    "د ګاز بیل راغلی",
    "আতশবাজি সারা রাত",
    "ফায়ার হাইড্র্যান্ট থেকে পানি পড়ছে",
]

PAST_OR_DENIED = [
    ("fire", "the burned house from the fire last month is still open"),
    ("fire", "there is no fire, just steam"),
    ("violence", "gunshots last night on our block"),
    ("gas", "smelled gas yesterday but not now"),
    ("crash", "after the accident the guardrail was never fixed, a car flipped there last year"),
    ("fire", "hubo un incendio ayer"),
    ("fire", "昨天这里着火了"),
    ("fire", "вчера был пожар"),
    ("fire", "hier un incendie"),
    ("fire", "어제 불이 났어요"),
    ("fire", "أمس حريق في المبنى"),
]


@pytest.mark.parametrize(("family", "text"), DANGER)
def test_danger_raises_the_alarm_of_its_family(understand: Understand, family: str, text: str) -> None:
    understood = understand(text)
    rules = {one.rule.split(":")[0] for one in understood.evidence if one.kind is EvidenceKind.DANGER}
    assert understood.danger
    assert family in rules


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_sounds_like_danger_raises_no_alarm(understand: Understand, text: str) -> None:
    understood = understand(text)
    assert not understood.danger, understood.danger_rule
    assert understood.danger_rule == ""


@pytest.mark.parametrize(("family", "text"), PAST_OR_DENIED)
def test_past_or_denied_danger_is_still_shown_to_a_person_under_its_own_rule_name(
    understand: Understand, family: str, text: str
) -> None:
    understood = understand(text)
    assert understood.danger
    assert understood.danger_rule == family + NOT_NOW_ENDING


def test_danger_now_outranks_danger_that_is_over(understand: Understand) -> None:
    text = (
        "There was a fire last month. " + "And so on and on and on, we all know that by now. " * 3 + "Now I smell gas."
    )
    assert understand(text).danger_rule == "gas"


def test_danger_that_is_happening_makes_the_post_an_emergency(understand: Understand) -> None:
    assert understand("my house is on fire").intent is Intent.EMERGENCY


def test_the_words_of_danger_are_underlined(understand: Understand) -> None:
    text = "Hey, I smell gas near 9th and Christian"
    shown = {text[one.start : one.end] for one in understand(text).evidence if one.kind is EvidenceKind.DANGER}
    assert shown == {"smell", "gas"}


@pytest.mark.parametrize(
    "language", ["en", "es", "zh", "vi", "ru", "uk", "ar", "ht", "fr", "pt", "ko", "km", "fa", "ps", "bn"]
)
def test_every_language_has_danger_and_harmless_cases(language: str) -> None:
    """The tables above name no language; the scripts and lists do. This keeps the lexicons complete."""
    from classifier.lexicons import read_lexicon

    families = {"fire", "gas", "wires", "violence", "medical", "trapped", "suicide", "flood", "crash", "collapse"}
    names = [f"danger_{language}"] if language != "zh" else ["danger_zh-Hans", "danger_zh-Hant"]
    for name in names:
        assert (
            families | {"harmless", "not_now", "explosion", "sinkhole", "carbon_monoxide"} <= read_lexicon(name).keys()
        )
