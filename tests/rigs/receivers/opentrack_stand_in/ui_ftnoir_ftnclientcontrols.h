#pragma once
namespace Ui
{
struct UICFTNClientControls {
};
} // namespace Ui
