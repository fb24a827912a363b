"""Migration: flows, residual estimates and age schedules."""
