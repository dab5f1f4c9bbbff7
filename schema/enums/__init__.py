"""The closed word lists of the graph. A member's value is its Chinese term; its name is what travels.

Adapters decode agencies' codes to these names, policies and the SDL use the same names, and the Chinese term
becomes the description in the SDL.
"""

from schema.enums.access import (
    BreakGlassReason,
    BreakGlassState,
    BreakGlassVerdict,
    Clearance,
    ConsentSigner,
    Purpose,
    RecipientKind,
    Role,
)
from schema.enums.agencies import AgencyKind, JurisdictionLevel
from schema.enums.assessment import AdviceOutcome, AssessmentStage, GoodFair, PassFail
from schema.enums.care import (
    AgreementKind,
    ControlStatus,
    EmploymentStatus,
    SupportKind,
    TestMethod,
    TestResult,
    TreatmentKind,
    VisitKind,
)
from schema.enums.journey import CaseStage, EventKind, PersonStatus
from schema.enums.measures import DecisionKind, EndReason, IsolationPhase, MeasureKind, MeasureStatus
from schema.enums.people import DocumentKind, Education, MaritalStatus, NameKind, Relation, Sex
from schema.enums.quality import Quality

__all__ = [
    "AdviceOutcome",
    "AgencyKind",
    "AgreementKind",
    "AssessmentStage",
    "BreakGlassReason",
    "BreakGlassState",
    "BreakGlassVerdict",
    "CaseStage",
    "Clearance",
    "ConsentSigner",
    "ControlStatus",
    "DecisionKind",
    "DocumentKind",
    "Education",
    "EmploymentStatus",
    "EndReason",
    "EventKind",
    "GoodFair",
    "IsolationPhase",
    "JurisdictionLevel",
    "MaritalStatus",
    "MeasureKind",
    "MeasureStatus",
    "NameKind",
    "PassFail",
    "PersonStatus",
    "Purpose",
    "Quality",
    "RecipientKind",
    "Relation",
    "Role",
    "Sex",
    "SupportKind",
    "TestMethod",
    "TestResult",
    "TreatmentKind",
    "VisitKind",
]
