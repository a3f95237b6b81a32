"""The news features of docs/features.md by pandas, from their formulas alone: hours of articles, each told from its end on for six hours."""

from __future__ import annotations

import numpy as np
import pandas as pd

HOUR_US = 3_600_000_000
KEPT_US = 6 * HOUR_US
ARTICLE_COLUMNS = ["publishedUs", "receivedUs", "positive", "negative", "neutral"]


def windows(articles: pd.DataFrame) -> pd.DataFrame:
    """One row an hour in which articles came; when they are dated says nothing."""
    a = articles.astype({"receivedUs": np.int64})
    probability = a[["positive", "negative", "neutral"]]
    rows = pd.DataFrame(
        {
            "endUs": (a["receivedUs"] // HOUR_US + 1) * HOUR_US,
            "news_avg_sentiment": a["positive"] - a["negative"],
            "news_quality_score": probability.max(axis=1),
            "news_positive_prob": a["positive"],
            "news_negative_prob": a["negative"],
            "news_neutral_prob": a["neutral"],
        }
    )
    grouped = rows.groupby("endUs")
    return grouped.mean().assign(news_article_count=grouped.size().astype(float)).reset_index()


def news_set(time_us: np.ndarray, articles: pd.DataFrame) -> dict[str, np.ndarray]:
    """The set as of each time; times ascend."""
    at = pd.DataFrame({"timeUs": time_us.astype(np.int64)})
    last = pd.merge_asof(at, windows(articles), left_on="timeUs", right_on="endUs", tolerance=KEPT_US)
    is_news = last["endUs"].notna()
    f = last.drop(columns=["timeUs", "endUs"]).fillna(0.0)
    mood = f["news_avg_sentiment"]
    f["news_signal_strength"] = mood.abs() * f["news_quality_score"]
    f["news_trading_signal"] = np.sign(mood) * ((mood.abs() > 0.2) & (f["news_signal_strength"] > 0.3))
    f["news_signal_time"] = last["endUs"].fillna(0) / 1e6
    f["news_age_minutes"] = np.where(is_news, (last["timeUs"] - last["endUs"]) / 60e6, KEPT_US / 60e6)
    f["news_available"] = is_news.astype(float)
    return {name: f[name].to_numpy() for name in f.columns}
