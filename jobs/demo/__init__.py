"""The demo county of 2016 to 2019: invented people whose loans are booked by the ordinary imports and operations."""

from jobs.demo.county import live

__all__ = ["live"]
