"""The sample class: every submission gets the grade it deserves, and no bad one disturbs another."""

import re
import shutil
from pathlib import Path

import pytest
from nbgrader.utils import is_grade

from autograder.course import demo
from autograder.course.build import topics
from autograder.course.demo import make_class
from autograder.course.sample import samples
from autograder.grading.assignment import Assignment, grade_id
from autograder.grading.course import Course, CourseError
from autograder.grading.gradebook import Book
from autograder.grading.pool import processes

ROOT = Path(__file__).parents[1]
ALL = "all"

# By assignment and student: the exercises that lose points, and the mistakes that are named there. None: zero points.
DESERVED = {
    "01_backprop": {
        "broken_file": ALL,
        "crash": {"collapse": None, "elu": None},
        "db_averaged": {
            "linear_backward": ["db_averaged"],
            "collapse": ["b1_lost"],
            "maxout_backward": ["bias_not_masked"],
            "two_layer_loss": ["biases_averaged"],
        },
        "doubled_cells": {
            "linear_forward": None,
            "linear_backward": None,
            "multiclass_hinge": None,
            "two_layer_loss": None,
        },
        "half_finished": {
            "graph_backward": None,
            "backpropagate": None,
            "linear_backward": None,
            "collapse": None,
            "sigmoid": [],
            "tanh": None,
            "leaky_relu": None,
            "elu": None,
            "softplus": None,
            "maxout_forward": None,
            "maxout_backward": None,
            "softmax_cross_entropy": None,
            "multiclass_hinge": None,
            "two_layer_loss": None,
        },
        "l2_factor_lost": {
            "leaky_relu": ["default_slope", "default_slope_backward"],
            "two_layer_loss": ["l2_factor_lost"],
        },
        "no_max_subtraction": {
            "softplus": ["overflow"],
            "softmax_cross_entropy": ["no_max_subtraction"],
            "two_layer_loss": ["no_max_subtraction"],
        },
        "one_sided": {
            "numerical_gradient": ["one_sided"],
            "relative_error": ["relative_to_larger"],
            "multiclass_hinge": ["counts_true_class"],
        },
        "output_for_input": {
            "sigmoid": ["output_for_input"],
            "tanh": ["output_for_input"],
            "elu": ["alpha_forgotten_backward"],
        },
        "unusual_style": {},
    },
    "02_sgd": {
        "broken_file": ALL,
        "crash": {"exponential_decay": None},
        "damped_momentum": {"momentum": ["damped_gradient"], "cosine_decay": ["climbs_after_t_max"]},
        "doubled_cells": {"linear_warmup": None},
        "drops_last_batch": {
            "minibatches": ["drops_last_batch"],
            "largest_stable_lr": ["one_over_lambda_max"],
        },
        "endless_loop": {"step_decay": None},
        "extra_cells": {},
        "gradient_at_w": {"nesterov_lookahead": ["gradient_at_w"], "nesterov": ["plain_momentum"]},
        "half_finished": {
            "classify_critical_point": None,
            "minibatches": None,
            "momentum": None,
            "velocity_momentum": None,
            "nesterov_lookahead": None,
            "nesterov": None,
            "step_decay": None,
            "exponential_decay": None,
            "inverse_time_decay": None,
            "cosine_decay": None,
            "linear_warmup": None,
            "training_loop": None,
        },
        "in_place": {"sgd": ["in_place"], "linear_regression_gradient": ["sum_not_mean"]},
        "lr_inside_velocity": {"momentum": ["lr_inside_velocity"]},
        "untouched": ALL,
        "unusual_style": {},
    },
    "03_adam": {
        "broken_file": ALL,
        "coupled_decay": {
            "amsgrad": ["maximum_of_corrected"],
            "adam_l2": ["in_place"],
            "adamw": ["coupled"],
        },
        "crash": {"rmsprop": None, "amsgrad": None},
        "doubled_cells": {"adadelta": None},
        "eps_inside_root": {
            "adagrad": ["eps_inside_root"],
            "rmsprop": ["eps_inside_root"],
            "adadelta": ["eps_outside_root"],
        },
        "half_finished": {
            "adadelta": None,
            "adam_uncorrected": None,
            "adam": None,
            "amsgrad": None,
            "adam_l2": None,
            "adamw": None,
            "nadam": None,
        },
        "no_bias_correction": {
            "first_step_ratio": ["ratio_inverted"],
            "adam": ["no_bias_correction"],
            "adam_l2": ["no_bias_correction"],
            "adamw": ["no_bias_correction"],
        },
        "no_square_root": {"adagrad": ["no_square_root"], "rmsprop": ["alpha_swapped"], "nadam": ["plain_adam"]},
        "unusual_style": {},
    },
    "04_beyond_adam": {
        "as_published": {
            "diffgrad": ["kept_as_an_alias"],
            "radamnorm": ["never_scaled"],
            "adabeliefnorm": ["surprise_of_the_corrected"],
            "radaminject": ["injected_from_the_third"],
            "moment_centralized_sgd": ["everything_centred"],
        },
        "corrects_too_much": {
            "adabelief": ["old_m"],
            "adanorm": ["starts_with_the_norm"],
            "adamnorm": ["v_corrected_too"],
            "diffgradnorm": ["starts_with_the_norm"],
            "radamnorm": ["starts_with_the_norm"],
            "adabeliefnorm": ["starts_with_the_norm"],
            "adaminject": ["k_missing"],
            "learned_sgd_lr": ["wrong_sign"],
        },
        "friction_forgotten": {"diffgrad": ["sigmoid_missing"], "adaminject": ["nothing_injected"]},
        "half_finished": {
            "rectification": ["rho_inf_wrong"],
            "radam": None,
            "diffgrad": ["no_abs"],
            "adabelief": None,
            "adamnorm": ["memory_not_kept"],
            "diffgradnorm": None,
            "radamnorm": None,
            "adabeliefnorm": None,
            "inject": None,
            "adaminject": None,
            "diffgradinject": None,
            "radaminject": None,
            "adabeliefinject": None,
            "moment_centralized_sgd": None,
            "adam_mc": None,
            "learned_sgd_lr": None,
        },
        "never_rectified": {
            "radam": ["never_rectified"],
            "adam_mc": ["mean_over_everything"],
        },
        "unusual_style": {},
    },
    "05_second_order": {
        "explicit_inverse": {"quadratic_model": ["half_missing"], "newton_step": ["explicit_inverse"]},
        "half_finished": {
            "newton_step": ["added"],
            "bfgs_update": None,
            "lbfgs_direction": None,
            "lbfgs_minimize": None,
        },
        "newest_dropped": {"newton_step": ["in_place"], "lbfgs_minimize": ["full_memory"]},
        "no_initial_scaling": {
            "bfgs_update": ["absolute_threshold"],
            "lbfgs_direction": ["no_scaling"],
            "lbfgs_minimize": ["no_scaling"],
        },
        "unchecked_curvature": {
            "newton_step": ["damping_on_every_entry"],
            "bfgs_update": ["no_condition"],
            "lbfgs_minimize": ["no_condition"],
        },
        "unusual_style": {},
        "wrong_loops": {"lbfgs_direction": ["loops_in_wrong_order"], "lbfgs_minimize": ["loops_in_wrong_order"]},
    },
    "06_initialization": {
        "broken_file": ALL,
        "crash": {"distinct_rows": None, "orthogonal": None},
        "half_finished": {
            "pca_whiten": ["wrong_order"],
            "zca_whiten": None,
            "distinct_rows": None,
            "activation_statistics": None,
            "output_variance": None,
            "lecun_normal": None,
            "gain": None,
            "kaiming_normal": None,
            "kaiming_uniform": None,
            "xavier_normal": None,
            "xavier_uniform": None,
            "orthogonal": None,
        },
        "sign_bias": {
            "small_normal": ["global_generator"],
            "gain": ["slope_not_squared"],
            "kaiming_normal": ["slope_not_squared"],
            "kaiming_uniform": ["slope_not_squared"],
            "orthogonal": ["sign_bias"],
        },
        "swapped_fans": {
            "activation_statistics": ["before_activation"],
            "fan_in_and_fan_out": ["swapped"],
            "lecun_normal": ["fan_out_for_fan_in"],
            "kaiming_normal": ["fan_out_for_fan_in"],
            "kaiming_uniform": ["fan_out_for_fan_in"],
        },
        "test_statistics": {
            "standardize": ["test_statistics"],
            "pca_whiten": ["divides_by_lambda"],
            "output_variance": ["zero_means"],
        },
        "unusual_style": {},
        "variance_for_std": {
            "lecun_normal": ["variance_for_std"],
            "xavier_normal": ["variance_for_std"],
            "xavier_uniform": ["bound_without_sqrt3"],
        },
    },
    "07_batchnorm": {
        "batch_statistics_at_test": {"batchnorm_inference": ["batch_statistics"], "fold": ["mean_sign"]},
        "broken_file": ALL,
        "crash": {"batchnorm_inference": None},
        # A backward is judged with its own forward, and loses nothing to what is wrong there.
        "ddof_one": {
            "batchnorm_forward": ["ddof_one"],
            "scale_invariance_gap": ["ddof_one"],
            "spatial_batchnorm_forward": ["ddof_one"],
        },
        "doubled_cells": {},
        "half_finished": {
            "update_running": None,
            "batchnorm_inference": None,
            "batchnorm_backward": None,
            "batchnorm_backward_fast": None,
            "population_statistics": None,
            "fold": None,
            "fold_into_linear": None,
            "naive_centering_step": None,
            "scale_invariance_gap": None,
            "spatial_batchnorm_forward": None,
            "spatial_batchnorm_backward": None,
        },
        "per_pixel": {"spatial_batchnorm_forward": ["per_pixel_statistics"], "spatial_batchnorm_backward": None},
        "statistics_as_constants": {"batchnorm_backward": ["constant_statistics"]},
        "swapped_momentum": {
            "update_running": ["momentum_swapped"],
            "population_statistics": ["correction_missing"],
        },
        "untouched": ALL,
        "unusual_style": {},
    },
    "08_normalization": {
        "gamma_outside": {
            "layernorm_backward": ["gamma_outside_the_means"],
            "instancenorm_backward": ["gradients_of_each_image"],
            "groupnorm_backward": ["gamma_outside_the_means"],
        },
        "half_finished": {
            "layernorm_forward": ["ddof_one"],
            "layernorm_backward": None,
            "norm_axes": ["the_others"],
            "instancenorm_forward": None,
            "instancenorm_backward": None,
            "groupnorm_forward": None,
            "groupnorm_backward": None,
            "weightnorm_backward": None,
            "mean_only_batchnorm_forward": ["beta_vanishes"],
            "mean_only_batchnorm_backward": None,
            "decorrelated_batchnorm_forward": None,
            "decorrelated_batchnorm_backward": None,
        },
        "interleaved_groups": {
            "groupnorm_forward": ["interleaved"],
            "groupnorm_backward": [],
            "instancenorm_forward": ["affine_along_columns"],
            "instancenorm_backward": [],
        },
        "over_the_batch": {
            "layernorm_forward": ["batch_statistics"],
            "layernorm_backward": ["means_over_the_batch", "batch_statistics"],
            "norm_axes": ["unknown_accepted"],
        },
        "pca_for_zca": {
            "decorrelated_batchnorm_forward": ["not_rotated_back"],
            "decorrelated_batchnorm_backward": ["constant_matrix", "not_rotated_back"],
        },
        "projection_missing": {
            "weightnorm_forward": ["eps_added"],
            "weightnorm_backward": ["projection_missing", "eps_added"],
            "mean_only_batchnorm_backward": ["constant_mean"],
        },
        "unusual_style": {},
    },
    "09_penalties": {
        "crosses_zero": {
            "l1_penalty": ["one_at_zero"],
            "soft_threshold": ["subgradient_step"],
            "max_norm": ["all_scaled"],
        },
        "doubts_wrongly": {
            "smooth_labels": ["over_the_others"],
            "label_smoothing_loss": ["capped_log"],
            "multitask_gradient": ["weighted_mean"],
        },
        "friendly_adversary": {
            "decayed_sgd": ["decay_without_lr"],
            "two_head_loss": ["trunk_hears_the_main_task"],
            "fgsm": ["downhill"],
            "adversarial_loss": ["downhill"],
            "magnitude_prune": ["smallest_in_value"],
        },
        "half_finished": {
            "l1_penalty": ["nan_at_zero"],
            "elastic_net": None,
            "soft_threshold": ["negative_to_zero"],
            "max_norm": None,
            "decayed_sgd": ["decay_after_the_step"],
            "equivalent_l2": None,
            "label_smoothing_loss": None,
            "early_stopping": None,
            "gd_shrinkage": None,
            "ridge_shrinkage": None,
            "matching_lam": None,
            "multitask_gradient": None,
            "two_head_loss": None,
            "fgsm": None,
            "adversarial_loss": None,
            "magnitude_prune": None,
        },
        "pytorch_habits": {
            "l2_penalty": ["half_in_both"],
            "elastic_net": ["mixture"],
            "max_norm": ["eps_added"],
            "equivalent_l2": ["the_same_number"],
        },
        "stops_late": {
            "early_stopping": ["stops_late"],
            "gd_shrinkage": ["what_is_left"],
            "ridge_shrinkage": ["twice_lam"],
            "matching_lam": ["nan_at_zero"],
        },
        "unusual_style": {},
    },
    "10_dropout": {
        "active_at_test": {
            "dropout_vanilla_test": ["unchanged"],
            "spatial_dropout_forward": ["active_at_test"],
            "mc_dropout": ["unbiased_std"],
            "weight_scaling_softmax": ["bias_scaled"],
        },
        "broken_file": ALL,
        "crash": {"variational_dropout_kl": None, "mc_dropout": None},
        "half_finished": {
            "dropout_forward": [],
            "dropout_backward": None,
            "dropconnect_forward": None,
            "dropconnect_backward": None,
            "gaussian_dropout_forward": None,
            "variational_dropout_kl": None,
            "mc_dropout": None,
            "dropout_penalty": None,
            "weight_scaling_softmax": None,
        },
        "keep_and_drop_swapped": {
            "dropout_vanilla_train": ["keep_and_drop_swapped"],
            "dropout_vanilla_test": ["scaled_by_p"],
            "dropout_forward": ["keep_and_drop_swapped"],
            "dropout_penalty": ["vanilla_factor"],
        },
        "new_mask_backward": {"dropout_backward": ["new_mask"], "dropconnect_backward": ["dW_not_masked"]},
        "shared_by_batch": {
            "dropout_forward": ["shared_by_batch"],
            "dropout_backward": [],
            "spatial_dropout_forward": ["single_pixels"],
            "gaussian_dropout_forward": ["variance_for_std"],
        },
        "unusual_style": {},
    },
    "11_augmentation": {
        "broken_file": ALL,
        "crash": {"elastic_distort": None, "zoom": None, "rotate": None, "time_stretch": None, "pitch_shift": None},
        "degrees_for_radians": {
            "horizontal_flip": ["vertical_flip"],
            "zoom": ["inverted"],
            "rotate": ["degrees_for_radians"],
        },
        "half_finished": {
            "shift": None,
            "elastic_distort": None,
            "zoom": None,
            "rotate": None,
            "adjust_contrast": ["mean_without_keepdims"],
            "color_cast": None,
            "shade": None,
            "random_crop": None,
            "cutout": None,
            "mixup": None,
            "random_apply": None,
            "adain": None,
            "add_noise": None,
            "compress_dynamic_range": None,
            "time_stretch": None,
            "pitch_shift": None,
        },
        "labels_not_mixed": {
            "mixup": ["labels_not_mixed"],
            "gram_matrix": ["not_divided"],
            "add_noise": ["ratio_of_amplitudes"],
            "compress_dynamic_range": ["sign_lost"],
            "pitch_shift": ["only_resampled"],
        },
        "leaves_range": {
            "shift": ["wraps_around"],
            "adjust_brightness": ["leaves_range"],
            "adjust_contrast": ["leaves_range"],
            "color_cast": ["leaves_range"],
        },
        "same_draw_for_batch": {
            "random_crop": ["same_draw_for_batch"],
            "cutout": ["same_draw_for_batch"],
            "mixup": ["one_lam"],
            "random_apply": ["decides_for_batch"],
        },
        "unusual_style": {},
    },
    "12_training": {
        "averages_wrongly": {
            "ema_update": ["sides_swapped"],
            "ema_debiased": ["exponent_one_less"],
            "average_checkpoints": ["pairwise"],
            "ensemble_predict": ["majority_vote"],
        },
        "half_finished": {
            "diagnose": ["nan_compared"],
            "lr_range_test": ["never_stops"],
            "log_uniform": ["uniform"],
            "random_search": None,
            "kfold": None,
            "clip_grad_norm": ["always_scaled", "float32_overflow"],
            "ema_debiased": None,
            "average_checkpoints": None,
            "ensemble_predict": None,
            "freeze": None,
            "linear_probe": None,
            "transfer_plan": None,
        },
        "lecture_habits": {
            "initial_loss": ["ten_classes"],
            "clip_grad_norm": ["norm_after_clipping"],
            "ema_update": ["default_decay"],
            "transfer_plan": ["unknown_answered"],
        },
        "searches_uniformly": {
            "lr_range_test": ["linear"],
            "log_uniform": ["logs_mixed"],
            "random_search": ["one_draw_for_all"],
            "kfold": ["remainder_left_out"],
        },
        "thaws_too_little": {
            "clip_grad_norm": ["per_tensor"],
            "freeze": ["prefix"],
            "linear_probe": ["stops_early"],
            "transfer_plan": ["axes_swapped"],
        },
        "trusts_accuracy": {"initial_loss": ["log_base"], "diagnose": ["accuracy_for_low_rate"]},
        "unusual_style": {},
    },
    "13_capstone": {
        "batch_statistics": {"train": ["batch_statistics"]},
        "broken_file": ALL,
        "crash": {"train": None},
        "doubled_cells": {"train": []},
        "half_finished": {"train": ["timid"]},
        "labels_for_probabilities": {"train": ["labels_not_probabilities"]},
        "learnt_by_heart": {"train": ["memorised"]},
        "scikit_learn": {"train": None},
        "untouched": ALL,
        "unusual_style": {},
    },
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The demo's folder, its exit status and what it printed."""
    folder = tmp_path_factory.mktemp("demo") / "class"
    patch = pytest.MonkeyPatch()
    said = []
    patch.setattr("builtins.print", lambda *words, **_: said.append(" ".join(map(str, words))))
    # How good a network is hangs on the letters that the capstone draws: some alphabets cost a right solution a point.
    patch.setenv("AUTOGRADER_SECRET", "the secret of the sample class in the tests")
    # Each process that grades draws all hidden cases for itself, and other tests have the other cores.
    patch.setattr(demo, "processes", lambda count: processes(1))
    try:
        status = demo.run(ROOT, folder)
    finally:
        patch.undo()
    return folder, status, "\n".join(said)


@pytest.fixture(scope="module")
def details(graded):
    folder, _, _ = graded
    course = Course.at(folder)
    book = Book(f"sqlite:///{folder / 'gradebook.db'}", course.course_id)
    yield {topic: book.details(topic) for topic in topics(ROOT)}
    book.close()


def test_what_python_leaves_among_the_samples_is_no_sample(tmp_path):
    shutil.copytree(ROOT / "tests" / "submissions" / "02_sgd", tmp_path / "02_sgd")
    before = [sample.student for sample in samples(tmp_path, ROOT, "02_sgd")]
    (tmp_path / "02_sgd" / "__pycache__").mkdir()
    assert [sample.student for sample in samples(tmp_path, ROOT, "02_sgd")] == before


def test_each_sample_has_its_due():
    for topic in topics(ROOT):
        files = {path.stem for path in (ROOT / "tests" / "submissions" / topic).iterdir() if path.is_file()}
        assert files == set(DESERVED[topic])
        # The proof `stock` grades these.
        assert files >= {"half_finished", "unusual_style"}


def test_samples_that_fail_in_the_same_way_everywhere_are_in_several_topics():
    for kind in ("broken_file", "crash", "doubled_cells", "untouched"):
        assert sum(kind in students for students in DESERVED.values()) >= 3


@pytest.mark.slow
@pytest.mark.parametrize(("topic", "student"), [(t, s) for t in DESERVED for s in DESERVED[t]])
def test_each_sample_gets_the_grade_it_deserves(details, topic, student):
    found, deserved = details[topic][student], DESERVED[topic][student]
    assignment = Assignment.load(ROOT / "solutions", topic)
    worth = {grade_id(cell): cell.metadata.nbgrader.points for cell in assignment.notebook.cells if is_grade(cell)}
    for cell in assignment.checks:
        exercise = cell.removeprefix("check_")
        # There is no verdict on a function that was not even defined, such as one with an error of syntax.
        verdict = found["verdicts"].get(exercise, {"known": []})
        points, possible = found["scores"][cell], worth[cell]
        named = [known["name"] for known in verdict["known"]]
        if deserved == ALL or deserved.get(exercise, ...) is None:
            assert (points, named) == (0, []), exercise
        elif exercise in deserved:
            assert points < possible, exercise
            assert named == deserved[exercise], exercise
        else:
            # A mistake of the forward is named at its backward too, and costs nothing there.
            own = [known["name"] for known in verdict["known"] if known["degree"] != "elsewhere"]
            assert (points, own) == (possible, []), exercise


@pytest.mark.slow
def test_the_demo_prints_the_table_the_mistakes_and_where_the_feedback_is(graded):
    _, status, said = graded
    assert status == 0
    # Of 51 points, some of momentum's five.
    assert 46 <= float(re.search(r"^lr_inside_velocity +(\d+\.\d+) ", said, re.MULTILINE)[1]) < 51
    assert "momentum: lr inside velocity" in said
    assert "minibatches: drops last batch" in said
    place = re.search(r"^Open one: (.*)$", said, re.MULTILINE)[1]
    assert (Path(place)).read_text().startswith("<!DOCTYPE html>")


@pytest.mark.slow
def test_every_sample_has_a_feedback_page_without_scripts_or_loads(graded):
    folder, _, _ = graded
    for topic, students in DESERVED.items():
        for student in students:
            page = (folder / "feedback" / student / topic / f"{topic}.html").read_text()
            assert student in page
            assert not re.search(r"<script|<link|src=[\"']?http|url\(", page)


def test_the_demo_leaves_a_folder_alone_that_it_did_not_make(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(CourseError, match="holds something else"):
        make_class(ROOT, tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "mine"
