"""The models of the customer archive, a module for each concern."""

from customers.models.archive import Contact, Customer, CustomerQuerySet, CustomField, Need, Task, is_long_standing
from customers.models.orders import (
    Communication,
    DeliveryPlan,
    Order,
    OrderLine,
    OrderReturn,
    OrderSubmission,
    ReturnedLine,
)
from customers.models.plans import CommunicationPlan
from customers.models.privacy import (
    Consent,
    ConsentWording,
    DataRequest,
    DuplicatePair,
    Export,
    ImportMapping,
    ImportPart,
    ImportRun,
    LegalHold,
    Merge,
    Reveal,
)
from customers.models.tiers import (
    LifecycleMove,
    LifecycleRule,
    ScoringBand,
    ScoringRule,
    ScoringRun,
    ScoringVersion,
    Signals,
    Tier,
    TierAssignment,
    TierOverride,
)
from customers.models.words import CustomerWords

__all__ = [
    "Communication", "CommunicationPlan", "Consent", "ConsentWording", "Contact", "CustomField", "Customer",
    "CustomerQuerySet", "CustomerWords", "DataRequest", "DeliveryPlan", "DuplicatePair", "Export", "ImportMapping",
    "ImportPart", "ImportRun", "LegalHold", "LifecycleMove", "LifecycleRule", "Merge", "Need", "Order", "OrderLine",
    "OrderReturn", "OrderSubmission", "ReturnedLine", "Reveal", "ScoringBand", "ScoringRule", "ScoringRun",
    "ScoringVersion", "Signals", "Task", "Tier", "TierAssignment", "TierOverride", "is_long_standing",
]
