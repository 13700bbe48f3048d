import pytest
from admin_kit import AdminCluster


@pytest.fixture
def cluster() -> AdminCluster:
    return AdminCluster()
