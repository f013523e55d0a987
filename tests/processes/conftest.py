from types import SimpleNamespace

import pytest

from processes import confirmations, running
from processes.models import Step, Template
from tests.factories import CustomerFactory, TicketFactory
from tickets import workflow

PLAN = "周三上午上门更换净水机接头，免费，由张师傅负责。"


@pytest.fixture
def ticket(team, agent):
    """A service ticket that stands at RECORDED, where the process runs."""
    customer = CustomerFactory(team=team, name="王小雨", email="wang@example.com", phone="13812345678")
    made = TicketFactory(customer=customer, owner=agent, by=agent, kind="service")
    for state in ("classified", "recorded"):
        workflow.move(made, state, by=agent)
    return made


@pytest.fixture
def process(ticket, agent):
    return running.start(ticket, template=Template.objects.get(kind="service"), by=agent)


@pytest.fixture
def step(process):
    """step("execution") → that step as it stands."""
    return lambda stage: Step.objects.get(process=process, stage=stage)


@pytest.fixture
def planned(process, step, agent):
    """The process with its need confirmed and its plan written: the customer is to be asked."""
    running.complete(step("need"), by=agent, result="要换接头")
    running.write_plan(process, text=PLAN, by=agent)
    running.complete(step("plan"), by=agent)
    process.refresh_from_db()
    return process


@pytest.fixture
def invited(planned, agent):
    """The link in the customer's hands: its invitation and its path."""
    invitation = confirmations.invite(planned, by=agent, root="https://desk.example/")
    return SimpleNamespace(row=invitation, path=f"/confirm/{confirmations.sign(invitation)}/")
