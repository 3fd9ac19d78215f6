"""The simulated city's service list: our own names for the portable categories, with who does it and how soon."""

from dataclasses import dataclass, field

from hark311.simulator.spoken import Json


@dataclass(frozen=True)
class Question:
    """One attribute a service asks for; `values` are (key, name) pairs of a list."""

    code: str
    datatype: str
    description: str
    required: bool = False
    values: tuple[tuple[str, str], ...] = ()
    variable: bool = True

    def shape(self, order: int) -> Json:
        """The attribute as GeoReport v2 has it."""
        shape: Json = {
            "variable": self.variable,
            "code": self.code,
            "datatype": self.datatype,
            "required": self.required,
            "datatype_description": "",
            "order": order,
            "description": self.description,
        }
        if self.values:
            shape["values"] = [{"key": key, "name": name} for key, name in self.values]
        return shape


@dataclass(frozen=True)
class CityService:
    """One service: promise in business days, and whether it answers at once or by token."""

    code: str
    name: str
    group: str
    agency: str
    days: int
    keywords: str = ""
    batch: bool = False
    questions: tuple[Question, ...] = field(default=())

    @property
    def notice(self) -> str:
        """The promise in words."""
        return f"Usually done within {self.days} business day{'s' if self.days != 1 else ''}."

    def shape(self) -> Json:
        """The service as GeoReport v2 lists it."""
        return {
            "service_code": self.code,
            "service_name": self.name,
            "description": f"{self.name}: looked after by {self.agency}. {self.notice}",
            "metadata": bool(self.questions),
            "type": "batch" if self.batch else "realtime",
            "keywords": self.keywords,
            "group": self.group,
        }


_SIZE = Question(
    "SIZE", "singlevaluelist", "How big is it?", values=(("S", "Smaller than a dinner plate"), ("L", "Bigger"))
)
_POLE = Question("POLE", "string", "Number on the pole, if there is one")
_LAMP = Question(
    "LAMP",
    "singlevaluelist",
    "What is wrong with the light?",
    values=(("OUT", "Dark"), ("FLICKER", "Flickers"), ("DAY", "On all day"), ("DOWN", "Knocked down")),
)
_PLATE = Question("PLATE", "string", "License plate, or 'none'")
_LINE = Question("LINE", "string", "Line or route", required=True)
_SINCE = Question("SINCE", "datetime", "Standing there since")
_BINS = Question(
    "KIND",
    "multivaluelist",
    "What was left behind?",
    values=(("TRASH", "Trash"), ("RECYCLING", "Recycling"), ("YARD", "Leaves and branches")),
)
_BAGS = Question("BAGS", "number", "About how many bags or pieces?")
_BROKEN = Question("BROKEN", "text", "What is broken, and is anybody in danger?")
_SAFE = Question("SAFE", "text", "Please stay away from the animal.", variable=False)

_STREET_DEPT, _SANITATION = "Streets Department", "Sanitation"
_STREETS, _WASTE, _PLACES, _PEOPLE = "Streets", "Trash and cleaning", "Trees, parks and buildings", "People and safety"

# fmt: off - one service a line reads as the table it is
SERVICES: tuple[CityService, ...] = (
    CityService("POTHOLE", "Hole in the road", _STREETS, _STREET_DEPT, 3, "pothole,cave-in", questions=(_SIZE,)),
    CityService("STREET_LIGHT", "Street light trouble", _STREETS, _STREET_DEPT, 5, "dark", questions=(_LAMP, _POLE)),
    CityService("TRAFFIC_SIGNAL", "Traffic or walk signal", _STREETS, _STREET_DEPT, 1, "red light,walk sign"),
    CityService("SIGN_MARKING", "Sign or road paint", _STREETS, _STREET_DEPT, 20, "stop sign,crosswalk paint"),
    CityService(
        "TRAFFIC_SAFETY", "Safer street wanted", _STREETS, "Transport Planning", 45, "speeding,bike lane", batch=True
    ),
    CityService("SIDEWALK", "Broken sidewalk or curb", _STREETS, _STREET_DEPT, 15, "curb,ramp"),
    CityService("ROW_BLOCKED", "Something blocks the way", _STREETS, "Right-of-Way Office", 3, "cones,container"),
    CityService("SNOW_ICE", "Snow or ice", _STREETS, _STREET_DEPT, 1, "plow,salt"),
    CityService("PARKING", "Badly parked car or meter", _STREETS, "Parking Office", 2, "hydrant,driveway"),
    CityService(
        "ABANDONED_VEHICLE", "Car left for good", _STREETS, "Police", 30, "no plates", questions=(_PLATE, _SINCE)
    ),
    CityService("GRAFFITI", "Graffiti or posters", _WASTE, "Clean Walls Team", 7, "tag,paint"),
    CityService("ILLEGAL_DUMPING", "Dumped rubbish", _WASTE, _SANITATION, 5, "tires,mattress", questions=(_BAGS,)),
    CityService("MISSED_TRASH", "Collection missed", _WASTE, _SANITATION, 2, "trash day,recycling", questions=(_BINS,)),
    CityService("TRASH_CART", "Bins and bulky pick-up", _WASTE, _SANITATION, 10, "bin,sofa"),
    CityService("LITTER", "Dirty street", _WASTE, _SANITATION, 5, "litter,needles"),
    CityService("DEAD_ANIMAL", "Dead animal", _WASTE, _SANITATION, 2, "roadkill"),
    CityService("RODENT_PEST", "Rats or other pests", _WASTE, "Vector Control", 15, "rats,mosquitoes"),
    CityService("TREE", "Tree trouble", _PLACES, "Parks and Recreation", 20, "limb,stump"),
    CityService("OVERGROWTH", "Overgrown lot", _PLACES, "Lot Care Team", 30, "weeds,tall grass", batch=True),
    CityService("PARK", "Park or playground", _PLACES, "Parks and Recreation", 10, "bench,swing", questions=(_BROKEN,)),
    CityService("VACANT_BUILDING", "Empty or unsafe building", _PLACES, "Licenses and Inspections", 10, "boarded up"),
    CityService("PROPERTY_CODE", "House or building rules", _PLACES, "Licenses and Inspections", 20, "no heat,permit"),
    CityService("WATER", "Water leak or hydrant", _PLACES, "Water Department", 1, "main break,pressure"),
    CityService("SEWER_DRAIN", "Drain or flooding", _PLACES, "Water Department", 5, "inlet,sewage"),
    CityService("UTILITY", "Wires, gas or power", _PEOPLE, "Emergency Management", 1, "wire down,gas smell"),
    CityService("ANIMAL", "Live animal", _PEOPLE, "Animal Care", 2, "stray dog", questions=(_SAFE,)),
    CityService("NOISE", "Noise", _PEOPLE, "Community Relations", 7, "loud music"),
    CityService("ENCAMPMENT", "Person living outside", _PEOPLE, "Homeless Outreach", 2, "outreach,tent"),
    CityService("POLICE", "Nuisance, not an emergency", _PEOPLE, "Police District", 7, "disorder"),
    CityService("HEALTH_AIR", "Smell, smoke or health", _PEOPLE, "Public Health", 10, "odor,idling"),
    CityService("TRANSIT", "Bus, train or taxi", _PEOPLE, "Transit Liaison", 15, "bus stop", questions=(_LINE,)),
    CityService("OTHER", "Something else", _PEOPLE, "311 Center", 10, "information"),
)
# fmt: on
BY_CODE = {service.code: service for service in SERVICES}
