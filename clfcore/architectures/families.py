"""The families in plain words: the paper, the idea in three sentences, and the problem that it solved."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Paper:
    authors: tuple[str, ...]
    title: str
    year: int | None
    url: str


@dataclass(frozen=True)
class Family:
    """A family of networks. `block` is the class whose source shows the idea, as `module:Class`; empty: none known."""

    name: str
    title: str
    paper: Paper
    idea: str
    solved: str
    block: str


_ROWS = (
    Family(
        "lenet",
        "LeNet",
        Paper(
            ("Yann LeCun", "Léon Bottou", "Yoshua Bengio", "Patrick Haffner"),
            "Gradient-based learning applied to document recognition",
            1998,
            "https://doi.org/10.1109/5.726791",
        ),
        "A small filter slides over the image, so that one set of weights serves every place. "
        "Pooling halves the maps, so that a digit may shift a little without changing the answer. "
        "Filters and classifier are learned together, from pixels to the label.",
        "Before it, features were designed by hand, and a fully connected network had a weight for every pixel and "
        "had to learn each shift of a digit anew.",
        "clfcore.architectures.small_images:LeNet5",
    ),
    Family(
        "alexnet",
        "AlexNet",
        Paper(
            ("Alex Krizhevsky", "Ilya Sutskever", "Geoffrey E. Hinton"),
            "ImageNet classification with deep convolutional neural networks",
            2012,
            "https://papers.nips.cc/paper/2012/hash/c399862d3b9d6b76c8436e924a68c45b-Abstract.html",
        ),
        "Five convolutions and three linear layers, trained on a million photographs on two GPUs (here in "
        "torchvision's form of one tower, Krizhevsky 2014). "
        "ReLU keeps gradients alive where tanh flattens, so that training takes a fraction of the time. "
        "Dropout and augmentation keep its 61 million parameters from memorizing the training images.",
        "LeNet read digits; photographs of a thousand things needed more layers, more data and a way to train both in "
        "days instead of months.",
        "torchvision.models.alexnet:AlexNet",
    ),
    Family(
        "vgg",
        "VGG",
        Paper(
            ("Karen Simonyan", "Andrew Zisserman"),
            "Very deep convolutional networks for large-scale image recognition",
            2014,
            "https://arxiv.org/abs/1409.1556",
        ),
        "Only 3 x 3 filters, stacked: two of them see as far as one of 5 x 5, with fewer weights and one more "
        "nonlinearity. "
        "Each time the maps are halved, their number doubles. "
        "Depth is then one number to turn, from 11 to 19 layers.",
        "AlexNet's filter sizes and strides were a collection of special cases; nobody knew whether depth itself was "
        "what helped.",
        "torchvision.models.vgg:make_layers",
    ),
    Family(
        "resnet",
        "ResNet",
        Paper(
            ("Kaiming He", "Xiangyu Zhang", "Shaoqing Ren", "Jian Sun"),
            "Deep residual learning for image recognition",
            2015,
            "https://arxiv.org/abs/1512.03385",
        ),
        "Each block adds its result to its input, so that it need learn only what should change. "
        "A block that has nothing to add can stay near zero and do no harm. "
        "The gradient runs along the additions, undiminished, to the first layer.",
        "Plain networks became worse with more layers, even on the data they were trained on: the degradation problem.",
        "torchvision.models.resnet:BasicBlock",
    ),
    Family(
        "densenet",
        "DenseNet",
        Paper(
            ("Gao Huang", "Zhuang Liu", "Laurens van der Maaten", "Kilian Q. Weinberger"),
            "Densely connected convolutional networks",
            2016,
            "https://arxiv.org/abs/1608.06993",
        ),
        "Each layer sees the maps of all layers before it in its block, side by side. "
        "So a layer need add only a few maps of its own, 32 here. "
        "Features are used again instead of being learned again.",
        "In a residual network the sum mixes what was learned early with what is learned late, and many layers learn "
        "much the same.",
        "torchvision.models.densenet:_DenseLayer",
    ),
    Family(
        "mnasnet",
        "MnasNet",
        Paper(
            (
                "Mingxing Tan",
                "Bo Chen",
                "Ruoming Pang",
                "Vijay Vasudevan",
                "Mark Sandler",
                "Andrew Howard",
                "Quoc V. Le",
            ),
            "MnasNet: platform-aware neural architecture search for mobile",
            2018,
            "https://arxiv.org/abs/1807.11626",
        ),
        "A controller proposes networks, each is trained a little and timed on a real phone. "
        "Accuracy and measured latency together are the reward. "
        "Each stage may have its own kind of block, but the blocks of a stage are alike, which keeps the search small.",
        "Networks for phones were designed by hand against counted operations, which say little of the time they take.",
        "torchvision.models.mnasnet:_InvertedResidual",
    ),
    Family(
        "mobilenet",
        "MobileNetV3",
        Paper(
            ("Andrew Howard", "Mark Sandler", "Grace Chu", "Liang-Chieh Chen", "Bo Chen", "Mingxing Tan", "others"),
            "Searching for MobileNetV3",
            2019,
            "https://arxiv.org/abs/1905.02244",
        ),
        "A convolution is split in two: one filter a map, then a mixing of maps at each pixel. "
        "Blocks are narrow outside and wide inside, with squeeze-and-excitation that weighs the maps. "
        "A search found the layout, and hard-swish stands for a costly activation.",
        "VGG and ResNet need billions of operations an image: too slow and too thirsty for a phone.",
        "torchvision.models.mobilenetv3:InvertedResidual",
    ),
    Family(
        "efficientnet",
        "EfficientNet",
        Paper(
            ("Mingxing Tan", "Quoc V. Le"),
            "EfficientNet: rethinking model scaling for convolutional neural networks",
            2019,
            "https://arxiv.org/abs/1905.11946",
        ),
        "Depth, width and image size grow together, by α^φ, β^φ and γ^φ, from one number φ. "
        "With α·β²·γ² near 2, each step of φ doubles the cost. "
        "The small network that is scaled was found by a search, of MBConv blocks with squeeze-and-excitation.",
        "Networks were made larger in one direction, deeper or wider or with larger images, and each alone soon stops "
        "paying.",
        "torchvision.models.efficientnet:MBConv",
    ),
    Family(
        "vit",
        "Vision Transformer",
        Paper(
            ("Alexey Dosovitskiy", "Lucas Beyer", "Alexander Kolesnikov", "Dirk Weissenborn", "Xiaohua Zhai", "others"),
            "An image is worth 16x16 words: transformers for image recognition at scale",
            2020,
            "https://arxiv.org/abs/2010.11929",
        ),
        "The image is cut into patches of 16 x 16 pixels, and each becomes a token, like a word. "
        "In every layer each token asks all others what they have, so that the far sides of the image meet at once. "
        "Little is built in of what an image is: it is learned, given enough data.",
        "A convolution sees only its neighborhood, and its assumptions, which help with little data, are a limit with "
        "much.",
        "torchvision.models.vision_transformer:EncoderBlock",
    ),
    Family(
        "swin",
        "Swin Transformer",
        Paper(
            ("Ze Liu", "Yutong Lin", "Yue Cao", "Han Hu", "Yixuan Wei", "Zheng Zhang", "Stephen Lin", "Baining Guo"),
            "Swin Transformer: hierarchical vision transformer using shifted windows",
            2021,
            "https://arxiv.org/abs/2103.14030",
        ),
        "Tokens attend within windows of 7 x 7, so that the cost grows with the image's area and not its square. "
        "Every other block shifts the windows, so that neighbors meet. "
        "Between stages four tokens become one, which gives the pyramid of maps that convolutional networks have.",
        "In ViT every token attends to every other: four times the pixels cost sixteen times the attention, and there "
        "is one scale only.",
        "torchvision.models.swin_transformer:SwinTransformerBlock",
    ),
    Family(
        "convnext",
        "ConvNeXt",
        Paper(
            ("Zhuang Liu", "Hanzi Mao", "Chao-Yuan Wu", "Christoph Feichtenhofer", "Trevor Darrell", "Saining Xie"),
            "A ConvNet for the 2020s",
            2022,
            "https://arxiv.org/abs/2201.03545",
        ),
        "A ResNet is changed step by step towards Swin, and each step is measured. "
        "What remains is a 7 x 7 filter a map, a layer norm, and two mixings with one GELU between. "
        "It matches Swin without any attention.",
        "Transformers won, but nobody could say how much was attention and how much the newer training and layout.",
        "torchvision.models.convnext:CNBlock",
    ),
    Family(
        "airbench",
        "airbench",
        Paper(
            ("Keller Jordan",),
            "94% on CIFAR-10 in 3.29 seconds on a single GPU",
            2024,
            "https://arxiv.org/abs/2404.00498",
        ),
        "The first layer is not learned: by their covariance, it turns patches of 2 x 2 pixels so that all directions "
        "vary alike. "
        "Three narrow blocks follow, which begin as near the identity as they can. "
        "A constant scale of the logits and a high learning rate do the rest within ten passes.",
        "A ResNet takes minutes to learn CIFAR-10 on the GPU where a well-begun small network takes seconds.",
        "clfcore.architectures.airbench:AirBenchBlock",
    ),
)

FAMILIES: dict[str, Family] = {row.name: row for row in _ROWS}
