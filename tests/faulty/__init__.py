"""A server for what real mail and web servers do not do: any one fault at a time, on loopback, in this process.

    with Faulty("imaps", Fault.GREETING_ENDLESS) as server:
        probe(server.host, server.port)
    assert server.connections == 1

A fault is one entry in `faults.py`: a sentence, the services that can have it, and the change of a healthy service that it is.
`CASES` are all pairs of service and fault, for `pytest.mark.parametrize`.
"""

from tests.faulty.certificates import root_pem
from tests.faulty.faults import CASES, Fault
from tests.faulty.server import Faulty
from tests.faulty.services import Service

__all__ = ["CASES", "Fault", "Faulty", "Service", "root_pem"]
