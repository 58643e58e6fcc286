//! Grocer in Lisbon, with late hours, a peak after work, and goods sold by weight and by the litre.

use super::{ShopModel, table};

const STORE: &str = r#"{
    "store_id": "lisbon-01", "name": "Mercearia da Graça", "zone": "Europe/Lisbon",
    "hours": "mon-sat 08:30-20:00, sun 09:00-14:00",
    "policy": { "afternoon_starts": "16:00", "max_discount_percent": 50, "min_on_hand": "0.5",
                "price_endings": ["0", "5", "9"], "elasticity": "2.0" }
}"#;

/// Items. Deliveries of the roast chicken are below its demand on purpose.
const ITEMS: &str = "
PAO-ALEN   Alentejo loaf      bread    2.60 0.80 0.90   EA 86/12/2    50 evening 1.8   26@0 30@420
PAO-BROA   Maize bread        bread    2.90 0.95 1.00   EA 94/5/1     22 evening 2.0   26@0
PAO-PAPO   Bread roll         rolls    0.22 0.05 -      EA 15/40/45   150 steady 1.9   100@0 68@390
NAT-PST    Custard tart       pastry   1.30 0.36 0.40   EA 50/36/14   100 steady 2.5   65@0 46@360
QUE-FRES   Fresh cheese       cheese   11.90 5.60 5.60  KGM 120-400   9.5 evening 2.1  11@0
REQ-OVEL   Ewe's curd         cheese   9.80 4.20 4.20   KGM 100-350   6.2 steady 2.4   7.2@0
SAL-POLV   Octopus salad      salad    16.90 7.50 7.50  KGM 100-300   5.4 evening 2.2  6.2@30
SOP-VERDE  Kale soup          soup     5.20 1.50 1.60   LTR 350-1000  18 evening 2.0   10@90 10@420
IOG-CASA   Farm yoghurt, pot  dairy    1.40 0.48 0.50   EA 55/33/12   48 steady 2.3    55@0
MOR-CAIXA  Strawberries       produce  3.20 1.60 -      EA 78/19/3    44 evening 2.9   52@0
SAL-FOLHA  Leaf salad, bag    produce  1.95 0.70 0.70   EA 88/11/1    36 evening 2.6   42@0
COE-MOLHO  Coriander, bunch   produce  0.99 0.30 -      EA 92/7/1     26 evening 2.2   30@0
FRA-ASSA   Roast chicken      hot      8.50 4.10 4.50   EA 92/7/1     32 evening 1.7   12@180 16@480
";

pub(super) fn shop() -> ShopModel {
    table::shop(STORE, 3, ITEMS)
}
