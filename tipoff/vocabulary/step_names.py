"""Names of the steps of a day: a source's name, a table's name, or a name of the step's own.

Systems are named by their `system_id` in `tipoff.systems.registry`.
"""

from __future__ import annotations

from typing import Final

SCHEDULE: Final = "nbac_schedule"
ANNOUNCE_DAY: Final = "announce_day"

# Sources polled before the games
ESPN_SCOREBOARD: Final = "espn_scoreboard"
PLAYER_LIST: Final = "nbac_player_list_current"
ROSTERS: Final = "espn_team_rosters"
PLAYER_BOX_SCORE_HISTORY: Final = "nbac_player_history"
TEAM_BOX_SCORE_HISTORY: Final = "nbac_team_history"
INJURY_REPORT: Final = "nbac_injury_report"
STANDINGS: Final = "nbac_standings"
PLAYER_MOVEMENT: Final = "nbac_player_movement"
REFEREES: Final = "nbac_referee_assignments"
BETTING_EVENTS: Final = "odds_api_events"
GAME_BETTING_LINES: Final = "odds_api_game_lines"
BETTING_LINES: Final = "odds_api_player_points_props"

# Computed before the games
TEAM_HISTORY: Final = "team_history"
TEAM_DEFENSE_HISTORY: Final = "team_defense_history"
PLAYER_HISTORY: Final = "player_history"
CONSENSUS_LINES: Final = "player_prop_lines"
TEAM_CONTEXT: Final = "upcoming_team_game_context"
PLAYER_CONTEXT: Final = "upcoming_player_game_context"
PLAYER_FORM: Final = "player_daily_cache"
TEAM_DEFENSE_ZONES: Final = "team_defense_zone_analysis"
PLAYER_SHOT_ZONES: Final = "player_shot_zone_analysis"
COMPOSITE_FACTORS: Final = "player_composite_factors"
FEATURES: Final = "ml_feature_store"
FEATURE_HISTORY: Final = "feature_history"

TRAINING: Final = "train_systems"
PUBLISH_PREDICTIONS: Final = "export_predictions"
PUBLISH_TONIGHT: Final = "export_tonight"
REPORT_PAGE: Final = "report_page"

# Sources polled during and after the games
LIVE_SCOREBOARD: Final = "nbac_scoreboard"
PLAYER_BOX_SCORES: Final = "nbac_player_boxscores"
TEAM_BOX_SCORES: Final = "nbac_team_boxscore"
PLAY_BY_PLAY: Final = "nbac_play_by_play"
GAMEBOOK: Final = "nbac_gamebook_player_stats"

# Computed after the games
TEAM_RESULTS: Final = "team_results"
PLAYER_RESULTS: Final = "player_results"
TEAM_DEFENSE_RESULTS: Final = "team_defense_results"
PLAYER_RESULT_DETAILS: Final = "player_result_details"
GRADE: Final = "grade"
PUBLISH_RESULTS: Final = "export_results"
PUBLISH_SUMMARY: Final = "export_summary"
PUBLISH_PLAYERS: Final = "export_players"
