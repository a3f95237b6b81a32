/** Where the event features come from: the papers that define or found them. */

export const ANDERSEN =
  "Andersen, Bollerslev, Diebold, Labys 2003, Modeling and forecasting realized volatility";
export const BARNDORFF =
  "Barndorff-Nielsen, Shephard 2004, Power and bipower variation with stochastic volatility and jumps";
export const BERKOWITZ =
  "Berkowitz, Logue, Noser 1988, The total cost of transactions on the NYSE (VWAP)";
export const BIAIS =
  "Biais, Hillion, Spatt 1995, An empirical analysis of the limit order book";
export const CAO =
  "Cao, Hansch, Wang 2009, The information content of an open limit-order book";
export const CHORDIA =
  "Chordia, Roll, Subrahmanyam 2002, Order imbalance, liquidity, and market returns";
export const CONT =
  "Cont, Kukanov, Stoikov 2014, The price impact of order book events";
export const EASLEY =
  "Easley, López de Prado, O'Hara 2012, Flow toxicity and liquidity in a high-frequency world";
export const ENGLE =
  "Engle, Russell 1998, Autoregressive conditional duration (clustered arrivals)";
export const FOUCAULT =
  "Foucault, Kadan, Kandel 2005, Limit order book as a market for liquidity; Large 2007, Measuring the resiliency of an electronic limit order book";
export const GOULD =
  "Gould, Bonart 2016, Queue imbalance as a one-tick-ahead price predictor";
export const HAWKES =
  "Hawkes 1971, Spectra of some self-exciting point processes; Bacry, Mastromatteo, Muzy 2015, Hawkes processes in finance";
export const HUANG = "Huang, Stoll 1996, Dealer versus auction markets";
export const HUTH =
  "Huth, Abergel 2014, High frequency lead/lag relationships; Hayashi, Yoshida 2005, On covariance estimation of non-synchronously observed diffusion processes";
export const JEGADEESH =
  "Jegadeesh 1990, Evidence of predictable behavior of security returns";
export const NAES =
  "Næs, Skjeltorp 2006, Order book characteristics and the volume-volatility relation";
export const RISKMETRICS = "RiskMetrics 1996, exponential weights";
export const SEMI =
  "Barndorff-Nielsen, Kinnebrock, Shephard 2010, Measuring downside risk: realised semivariance";
export const STOIKOV =
  "Stoikov 2018, The micro-price: a high-frequency estimator of future prices";
export const STOIKOV_FIRST_ORDER =
  "Stoikov 2018, The micro-price (its first-order form)";
export const WILDER = "Wilder 1978, New concepts in technical trading systems";
export const XU =
  "Xu, Gould, Howison 2018, Multi-level order-flow imbalance in a limit order book";
