"""The English words of the demo: situations as customers tell them, names and companies."""

from desk.demo.cases import COMPLAINT, CONSULT, SERVICE, Case, Special
from tickets.models import Cause

PRODUCTS = ("water purifier M3", "dishwasher D8", "air purifier A5", "robot vacuum R2", "water heater H6", "range hood V7")
TIMES = ("Saturday morning", "Sunday afternoon", "tomorrow morning", "tomorrow 14:00–16:00", "Monday evening")
PLACES = ("Shanghai, Xuhui", "Hangzhou, Binjiang", "Suzhou, Industrial Park", "Shanghai, Pudong", "Ningbo, Yinzhou")

FIRST = ["Emma", "Daniel", "Olivia", "James", "Sophia", "Lucas", "Amelia", "Noah", "Chloe", "Ethan", "Grace", "Oliver", "Hannah", "Samuel", "Priya", "Ahmed", "Maria", "Kenji", "Elena", "David", "Julia", "Thomas", "Fatima", "Peter", "Ingrid", "Marco", "Nadia", "Simon", "Laura", "Victor"]
LAST = ["Clarke", "Osei", "Bennett", "Harris", "Novak", "Schmidt", "Moreau", "Rossi", "Tanaka", "Silva", "Larsen", "Murphy", "Patel", "Khan", "Fischer", "Weber", "Dubois", "Jensen", "Costa", "Walker", "Hughes", "Brooks", "Foster", "Reid", "Singh", "Meyer", "Lindqvist", "Romano", "Park", "Wright"]
COMPANIES = (("Harbour International School", "education"), ("Northwind Trading Co.", "trade"), ("Lakeside Serviced Apartments", "hospitality"))
OCCUPATIONS = ("teacher", "engineer", "consultant", "designer", "chef", "")

CASES: tuple[Case, ...] = (
    Case(CONSULT, "product-info", "Extended warranty: does it cover the pump?",
         "I am wondering which parts the extended warranty covers. Does it include the pump of the {product}?", "Know what is covered",
         "Dear {name}, thank you for your question. I will check the terms and answer you today.",
         "Dear {name}, the extended warranty covers the pump and all electronics for three further years; filters are excluded.", "Clear answer, thanks."),
    Case(CONSULT, "product-info", "Which filter fits the {product}?", "Which filter fits the {product}? There are two sizes and I cannot tell the difference.",
         "The right part number", "Dear {name}, I am looking up the part for you.", "Dear {name}, the F-22 fits your model; please change it every six months.",
         "Found it, works."),
    Case(CONSULT, "price", "Price for 12 units of {product}", "Could you tell me the price for 12 units of the {product} for a serviced apartment house?", "A quotation",
         "Dear {name}, thank you for asking; our business desk prepares a quotation today.", "Dear {name}, the quotation with 8 % off is attached; it is valid for 30 days.",
         "Quotation received."),
    Case(CONSULT, "order-progress", "When will order {order} arrive?", "When will my order {order} arrive? How can I follow it?", "Delivery date",
         "Dear {name}, I am checking with the warehouse.", "Dear {name}, order {order} left the warehouse this morning and arrives the day after tomorrow.", "It has arrived."),
    Case(CONSULT, "account", "How do I use my points?", "I have {points} points. How do I use them, and when do they expire?", "How to redeem",
         "Dear {name}, I am looking at your account.", "Dear {name}, points are valid for 24 months; {points} points buy a set of filters in the member centre.", "Thanks, done."),

    Case(SERVICE, "invoice", "Invoice needs a VAT number before month end", "Please change the invoice of order {order}: it needs our VAT number before month end.",
         "A corrected invoice", "Dear {name}, I have asked for the correction; you will hear from me by 17:30 today.",
         "Corrected invoice issued and mailed, the old one cancelled.", "Invoice is fine now.", Cause.CUSTOMER,
         chase="Any news about the invoice? We close our books on Friday.", ask="Dear {name}, please confirm the company address for the invoice.",
         decision="The address is confirmed, see the attached sheet.", file="company-details.pdf"),
    Case(SERVICE, "installation", "Installation appointment for {product}", "The {product} has arrived. Could a technician install it on {time}? We live in {place}.",
         "Installation on {time}", "Dear {name}, your appointment is noted; the technician confirms the time by 18:00 today.",
         "Installed and tested, no leaks, signed off.", "Very punctual.", Cause.INFORMATION,
         chase="Is the appointment fixed? I have to be at home for it."),
    Case(SERVICE, "repair", "{product} shows E4, repair needed", "The {product} shows E4 since last night. Please send a technician to repair it.", "Repaired soon",
         "Dear {name}, E4 points to the inlet sensor. A technician will bring the part.", "Inlet sensor replaced, test run of 20 minutes without fault.",
         "Works again.", Cause.SERVICE_NATURE, chase="Nobody has called me yet. When will the technician come?", file="display.png"),
    Case(SERVICE, "return-exchange", "Exchange {product} for the smaller size", "The {product} does not fit the niche. I would like to exchange it for the smaller size.",
         "Exchange", "Dear {name}, an exchange is possible; please tell us when to collect it.", "Exchanged, difference of {amount} refunded.", "Smooth exchange.",
         Cause.CUSTOMER, ask="Dear {name}, the smaller size is in stock in white only; grey takes a week. Which do you prefer?", decision="White is fine, thank you."),
    Case(SERVICE, "refund", "Refund of {amount} for cancelled order {order}", "I cancelled order {order}. Please refund {amount} to my card.", "Refund",
         "Dear {name}, the refund has been requested and takes one to three working days.", "Refund of {amount} paid to the original card.", "Money received.",
         Cause.COMPANY_SYSTEM, chase="Three days have passed and the refund is not there."),
    Case(SERVICE, "account", "Change of delivery address, order {order}", "Please change the address of order {order}; we moved to {place}.", "Deliver to the new address",
         "Dear {name}, we have asked the carrier to redirect the parcel.", "Redirected; delivery the next day.", "Arrived at the new place.", Cause.CUSTOMER,
         chase="The tracking page still shows the old address. Has it been changed?"),

    Case(COMPLAINT, "delivery", "{product} arrived with a broken door", "The {product} arrived with a broken door. This is unacceptable, I want a replacement or compensation.",
         "Replacement door", "Dear {name}, we are sorry for this. I will come back to you with a solution by 17:30 today.",
         "Door replaced, voucher of {amount} given.", "Solved in the end.", Cause.COMPANY_STAFF, file="door.png"),
    Case(COMPLAINT, "service-attitude", "Technician was rude and left without finishing", "The technician was rude and left before the {product} worked. I am angry and want to complain.",
         "Job finished and an apology", "Dear {name}, please accept our apology. I am arranging another technician for {time}.",
         "Second technician finished the job; the team leader apologised by phone.", "The second one was friendly.", Cause.COMPANY_STAFF),
    Case(COMPLAINT, "billing", "Charged twice for {order}", "I was charged twice for {order}. Very disappointed, nobody answers. This is a complaint.", "Refund of the second charge",
         "Dear {name}, we regret the trouble; accounting is checking it now.", "Second charge of {amount} refunded, 600 points as an apology.", "Refund arrived.",
         Cause.COMPANY_SYSTEM, chase="Still waiting for the second charge to be refunded."),
    Special(COMPLAINT, "product-quality", "{product} caught fire, lawyer informed", "The {product} caught fire in our kitchen. Nobody was injured, but I have informed my lawyer and want compensation.",
            "Compensation and a report", "Dear {name}, we are deeply sorry and glad that nobody was hurt. An engineer inspects the scene today.",
            "Inspection shared, damage of {amount} compensated.", "Fair in the end.", Cause.COMPANY_SYSTEM, ground="safety", severity=3, about="product",
            manner="publicity", nature="accusation", finding="upheld", known="Cable chafed at the hinge; the fire went out by itself; one cabinet damaged.",
            known_when="Told on the day of the call; the engineer was there the same evening.", why="Cable guide missing since assembly."),
)
