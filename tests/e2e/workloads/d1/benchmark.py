# Trains two models on the rows marked train and scores them on the rows marked test.
# The result is the last line of output.
import csv
import json
import os

# One thread: the job is small, and more threads would only make its process count vary.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

MODELS = {
    "logistic": make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=2000)),
    "forest": RandomForestClassifier(n_estimators=50, random_state=0, n_jobs=1),
}

with open(os.environ["DATASET_PATH"], newline="") as dataset:
    rows = list(csv.DictReader(dataset))
columns = [name for name in rows[0] if name not in ("y", "split")]


def part(split):
    chosen = [row for row in rows if row["split"] == split]
    features = numpy.array([[float(row[name]) for name in columns] for row in chosen])
    return features, numpy.array([int(row["y"]) for row in chosen])


def score(model):
    model.fit(train_features, train_labels)
    predicted = model.predict(test_features)
    chance = model.predict_proba(test_features)[:, 1]
    tn, fp, fn, tp = (int(count) for count in confusion_matrix(test_labels, predicted).ravel())
    return {"accuracy": round((tp + tn) / len(test_labels), 4), "correct": tp + tn,
            "auc": round(float(roc_auc_score(test_labels, chance)), 3),
            "tp": tp, "fp": fp, "fn": fn, "tn": tn}


train_features, train_labels = part("train")
test_features, test_labels = part("test")
result = {name: score(model) for name, model in MODELS.items()}
result["n_train"], result["n_test"] = len(train_labels), len(test_labels)
print(json.dumps(result, sort_keys=True))
