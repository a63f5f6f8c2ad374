"""What to check next: strata, allocation, sample sizes, drawing, routes, updating as results come."""

from weipian_lab.accuracy.design.allocation import allocate, draw, size_for_half_width, size_for_total
from weipian_lab.accuracy.design.fieldlist import field_list, write_field_list
from weipian_lab.accuracy.design.outlook import allocations, needed
from weipian_lab.accuracy.design.route import plan_routes, route_length, shorten
from weipian_lab.accuracy.design.sequential import Survey
from weipian_lab.accuracy.design.strata import score_strata

__all__ = [
    "Survey",
    "allocate",
    "allocations",
    "draw",
    "field_list",
    "needed",
    "plan_routes",
    "route_length",
    "score_strata",
    "shorten",
    "size_for_half_width",
    "size_for_total",
    "write_field_list",
]
