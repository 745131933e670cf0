"""The demo county: invented, but imported, decided and settled by the ordinary ways, from 2016 to 2019."""

from jobs.demo.county import live

__all__ = ["live"]
