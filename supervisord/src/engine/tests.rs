//! Scenarios of the engine.
